import Base
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// `/health/live`: the process serves requests. `/health/ready` and `/health`: all parts of the node work; otherwise 503.
struct HealthRoutes: Sendable {
    let api: APIEnvironment
    let checks: [ReadinessCheck]

    func add(to routes: RouteBuilder) {
        routes.get("/health/live") { _, _ in .json(["status": "ok"]) }
        routes.get("/health/ready", use: ready)
        routes.get("/health", use: ready)
    }

    private func ready(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        let database = ReadinessCheck(name: "database") { (try? await api.store.ping()) != nil }
        let limit = api.configuration.readinessTimeout
        let results = await withTaskGroup(of: (String, Bool).self) { group in
            for check in [database] + checks {
                group.addTask { (check.name, await Self.isReady(check, within: limit)) }
            }
            return await group.reduce(into: [String: Bool]()) { $0[$1.0] = $1.1 }
        }
        let isReady = results.values.allSatisfy { $0 }
        let body: JSON = [
            "status": isReady ? "ok" : "unavailable",
            "checks": .object(JSONObject(results.mapValues { .string($0 ? "ok" : "unavailable") })),
        ]
        return .json(body, status: isReady ? .ok : .serviceUnavailable)
    }

    private static func isReady(_ check: ReadinessCheck, within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await check.isReady() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}

/// Whether a part of the node works, as `/health/ready` reports it.
package struct ReadinessCheck: Sendable {
    package let name: String
    package let isReady: @Sendable () async -> Bool

    package init(name: String, isReady: @escaping @Sendable () async -> Bool) {
        self.name = name
        self.isReady = isReady
    }
}
