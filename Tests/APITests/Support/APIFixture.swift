import Base
import API
import AsyncHTTPClient
import Broadcast
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Postgres
import ServiceLifecycle
import Store
import TestSupport
import Workflow

/// A service on a free port over a database of its own, and what tests ask of it.
struct APIFixture: Sendable {
    static let scope = Scope(tenantID: "default", userID: "local")

    let port: Int
    let hub: Hub
    let feed: LocalEventFeed
    let store: Store
    let client: PostgresClient

    /// Lends one that runs, and stops it afterwards.
    static func with(
        logger: Logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() },
        configure: (inout APIConfiguration) -> Void = { _ in }, hub: HubConfiguration = HubConfiguration(),
        checks: [ReadinessCheck] = [],
        _ body: @Sendable (APIFixture) async throws -> Void
    ) async throws {
        var configuration = APIConfiguration()
        configuration.port = 0
        configure(&configuration)
        let apiConfiguration = configuration
        try await withPostgresClient(migrated: true, maxConnections: 10) { client in
            try await run(client, apiConfiguration, checks, logger, hub: hub, body)
        }
    }

    /// The same over a client that may not reach any database.
    static func run(
        _ client: PostgresClient, _ configuration: APIConfiguration, _ checks: [ReadinessCheck], _ logger: Logger,
        hub: HubConfiguration = HubConfiguration(),
        _ body: @Sendable (APIFixture) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let hub = Hub(group: group, configuration: hub)
        let feed = LocalEventFeed(hub: hub)
        let store = Store(database: client, observers: [feed])
        let (ports, portFound) = AsyncStream.makeStream(of: Int.self)
        let server = APIServer.service(
            configuration: configuration, store: store, hub: hub, eventLoopGroup: group, checks: checks, logger: logger,
            onServerRunning: { channel in portFound.yield(channel.localAddress?.port ?? 0) })
        // Finds what other clients of the database write.
        let tailer = Tailer(store: store, feed: feed, logger: logger)
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: tailer), .init(service: hub), .init(service: server)], logger: logger))
        let result: Result<Void, any Error> = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                do { try await services.run() } catch { portFound.finish() }
            }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { return .failure(ChannelError.ioOnClosedChannel) }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(APIFixture(port: port, hub: hub, feed: feed, store: store, client: client)))
            } catch {
                result = .failure(error)
            }
            await services.triggerGracefulShutdown()
            return result
        }
        try result.get()
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: (any APIBody)? = nil, type: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "content-type", value: type ?? body.mediaType)
            request.body = .bytes(body.bytes)
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(upTo: 1 << 24)
        return Answer(
            status: Int(response.status.code), headers: response.headers, text: String(buffer: bytes))
    }

    /// Publishes the workflow of the tests and starts a task of it.
    func startTask(_ input: JSON = ["topic": "tea"]) async throws -> UUID {
        _ = try await send(.POST, "/api/v1/workflows", YAML.workflow())
        let answer = try await send(.POST, "/api/v1/tasks", ["workflow": "launch", "input": input] as JSON)
        guard let id = answer.json["task_id"]?.string.flatMap(UUID.init(text:)) else {
            throw UnexpectedAnswer(answer: answer)
        }
        return id
    }

    /// How many rows each table has that a request could write.
    func rowCounts() async throws -> [String: Int64] {
        var counts: [String: Int64] = [:]
        for table in ["workflows", "tasks", "phases", "steps", "events", "signals", "wakeups", "idempotency_keys"] {
            let rows = try await client.query("SELECT count(*) AS n FROM pressroom.\(identifier: table)")
            counts[table] = try rows[0].decode("n")
        }
        return counts
    }
}

struct UnexpectedAnswer: Error {
    let answer: Answer
}
