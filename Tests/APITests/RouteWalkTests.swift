import Access
import AsyncHTTPClient
import Base
import Broadcast
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import API

/// Everything, as the wrong one: each route is asked by each of those who may not use it, and by one who may. What they are
/// told is decided by `RouteRights`, the table beside the routes; how to ask is in `RouteExamples`.
///
/// Principals that members of workspaces add belong into `refusals(of:)`.
@Suite("Every route, as the wrong one", .limit(minutes: 5))
struct RouteWalkTests {
    @Test("The router, the rights, the description and the examples have the same routes")
    func routes() throws {
        let logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() }
        let client = PostgresClient(configuration: PostgresConfiguration(connectionString: ""), logger: logger)
        let routed = APIRouter(
            configuration: APIConfiguration(), store: Store(database: client),
            hub: Hub(group: MultiThreadedEventLoopGroup.singleton), checks: [], logger: logger
        ).table.all
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Public/openapi.json")
        let document = try JSON(parsing: Data(contentsOf: file))
        var described: Set<String> = []
        for (path, operations) in document["paths"]?.object ?? [:] {
            for method in (operations.object ?? [:]).keys where method != "parameters" { described.insert("\(method.uppercased()) \(path)") }
        }
        let examples = RouteExamples.all.map(\.route)
        #expect(examples.count == Set(examples).count)
        for (name, routes) in [("rights", Set(RouteRights.table.keys)), ("openapi.json", described), ("examples", Set(examples))] {
            #expect(routes.symmetricDifference(routed).isEmpty, "\(name): \(routes.symmetricDifference(routed).sorted())")
        }
    }

    @Test("Without a credential, with one that has ended, and without the scope")
    func refusals() async throws {
        try await withWalk { walk in
            for example in RouteExamples.all {
                let right = RouteRights.right(for: example.route)
                guard let scope = right.scope else { continue }
                for (who, key) in [
                    ("nobody", nil), ("an expired key", walk.expired), ("a revoked key", walk.revoked),
                ] as [(String, String?)] {
                    let answer = try await walk.ask(example, walk.acme, as: key)
                    #expect(answer.status == 401 && answer.isProblem, "\(who): \(example.route): \(answer.status)")
                    #expect(answer.headers.first(name: "www-authenticate")?.hasPrefix("Bearer") == true, "\(who): \(example.route)")
                }
                guard !right.isForAnyScope else { continue }
                let answer = try await walk.ask(example, walk.acme, as: walk.without[scope])
                #expect(answer.status == 403 && answer.json["scope"]?.string == scope.rawValue, "\(example.route): \(answer.text)")
            }
            walk.expectNothing(of: walk.acme)
        }
    }

    @Test("Another tenant's admin finds nothing, and its lists hold nothing of the first")
    func otherTenants() async throws {
        try await withWalk { walk in
            for example in RouteExamples.all where RouteRights.right(for: example.route).scope != nil {
                let own = try await example.prepare(walk.acme)
                let answer = try await walk.ask(example, walk.acme, as: walk.umbrellaAdmin, own, marker: walk.umbrella.marker)
                let expected = example.isList || example.isFreeForAll ? example.status : example.unknown
                #expect(answer.status == expected, "\(example.route): \(answer.status) \(answer.text)")
            }
            walk.expectNothing(of: walk.acme)
            // The walk has found what it looked for: the same requests for rows of its own do succeed.
            #expect(walk.received.all.contains { $0.text.contains(walk.umbrella.marker) })
        }
    }

    @Test("A ticket opens streams, states and lists of its tasks, and nothing else")
    func tickets() async throws {
        try await withWalk { walk in
            let types = EventType.allCases.filter(\.isSelectable).map { JSON.string($0.rawValue) }
            let made = try await walk.acme.make(
                "stream-tickets", ["workflow": .string(walk.acme.workflow), "types": .array(types)] as JSON)
            let ticket = try #require(made["ticket"])
            for example in RouteExamples.all {
                let right = RouteRights.right(for: example.route)
                guard right.scope != nil else { continue }
                let answer = try await walk.ask(example, walk.acme, as: nil, query: "ticket=\(ticket)")
                // The rows of events that it opens are opened too.
                let opens = (right.scope == .stream || !right.rows.isEmpty) && example.method == .GET
                #expect(answer.status == (opens ? 200 : 403), "\(example.route): \(answer.status) \(answer.text)")
                // For another tenant's rows it is no better than an admin's key.
                let foreign = try await walk.ask(example, walk.umbrella, as: nil, query: "ticket=\(ticket)")
                #expect(foreign.status == 403 || opens, "\(example.route): \(foreign.status)")
                #expect(!foreign.text.contains(walk.umbrella.marker), "\(example.route)")
            }
            walk.expectNothing(of: walk.umbrella)
        }
    }

    @Test("A suspended tenant starts nothing and sees what it has")
    func suspended() async throws {
        try await withWalk { walk in
            _ = try await walk.api.store.setTenantStatus(walk.acme.tenantID, .suspended)
            let deadline = ContinuousClock.now + .seconds(10)
            // What was read of the tenant a moment ago may still count.
            while try await walk.send(.GET, "/api/v1/me", as: walk.acmeAdmin).json["tenant_suspended"] != true {
                try #require(ContinuousClock.now < deadline)
            }
            for example in RouteExamples.all {
                let right = RouteRights.right(for: example.route)
                if right.startsTasks {
                    let answer = try await walk.ask(example, walk.acme, as: walk.acmeAdmin)
                    #expect(answer.status == 403 && answer.text.contains("suspended"), "\(example.route): \(answer.text)")
                } else if example.method == .GET {
                    let own = try await example.prepare(walk.acme)
                    let answer = try await walk.ask(example, walk.acme, as: walk.acmeAdmin, own)
                    #expect(answer.status == example.status, "\(example.route): \(answer.text)")
                }
            }
        }
    }

    @Test("The right one succeeds, and sees its rows")
    func theRightOne() async throws {
        try await withWalk { walk in
            for example in RouteExamples.all {
                let own = try await example.prepare(walk.acme)
                let answer = try await walk.ask(example, walk.acme, as: walk.acmeAdmin, own)
                #expect(answer.status == example.status, "\(example.route): \(answer.status) \(answer.text)")
                let saysNothing = ["/health", "/me", "/session", "/history", "/graph", "/members", "/signals", "/events", "/stream", "/metrics", "/overview", "/usage", "/processors", "/queues"]
                if example.method == .GET, !saysNothing.contains(where: example.route.contains) {
                    #expect(answer.text.contains(walk.acme.marker), "\(example.route): \(answer.text)")
                }
            }
        }
    }

    @Test("Every list says how many rows it has, if it is asked")
    func totals() async throws {
        try await withWalk { walk in
            var lists: Set<String> = []
            for example in RouteExamples.all where example.method == .GET && !example.isStream {
                let plain = try await walk.ask(example, walk.acme, as: walk.acmeAdmin)
                guard plain.status == 200, let items = (try? JSON(parsing: plain.text))?["items"]?.array else { continue }
                lists.insert(example.route)
                #expect(plain.json["total"] == nil, "\(example.route)")
                let counted = try await walk.ask(example, walk.acme, as: walk.acmeAdmin, query: "count=true")
                #expect(counted.status == 200 && counted.json["total"]?.int == items.count, "\(example.route): \(counted.text)")
                #expect(counted.json["total_is_floor"] == nil && counted.json["items"]?.array?.count == items.count)
                // Of the whole list, whatever the page holds.
                guard items.count > 1, example.route != "GET /api/v1/usage", !example.route.hasSuffix("/queues") else { continue }
                guard !example.route.hasSuffix("/processors") else { continue }
                let page = try await walk.ask(example, walk.acme, as: walk.acmeAdmin, query: "count=true&limit=1")
                #expect(page.json["items"]?.array?.count == 1 && page.json["total"]?.int == items.count, "\(example.route): \(page.text)")
            }
            #expect(lists.count == 23, "\(lists.sorted())")
        }
    }

    @Test("A tenant's stream has its own events, from the first one that is kept, and none of another tenant")
    func streams() async throws {
        try await withWalk { walk in
            for (own, other, key) in [
                (walk.umbrella, walk.acme, walk.umbrellaAdmin), (walk.acme, walk.umbrella, walk.acmeAdmin),
            ] {
                // Whatever the other tenant does meanwhile.
                for rows in [other, own] {
                    let example = try #require(RouteExamples.all.first { $0.route == "POST /api/v1/tasks/{task_id}/events" })
                    let sender = rows.tenantID == walk.acme.tenantID ? walk.acmeAdmin : walk.umbrellaAdmin
                    #expect(try await walk.ask(example, rows, as: sender, marker: rows.marker).status == 202)
                }
                let text = try await walk.read("/api/v1/stream?from=earliest&types=task_updated,output_updated,log_appended,custom", as: key) {
                    $0.contains("event: custom")
                }
                #expect(text.contains(own.marker) && !text.contains(other.marker))
            }
        }
    }

    @Test("Two tenants use the same idempotency key, names and ids without meeting")
    func sharedNames() async throws {
        try await withWalk { walk in
            var made: [String: Set<String>] = [:]
            for (rows, key) in [(walk.acme, walk.acmeAdmin), (walk.umbrella, walk.umbrellaAdmin)] {
                for (path, body, id) in [
                    ("workflows", RouteExamples.workflow("shared", rows.marker), "id"),
                    ("tasks", RouteExamples.start("shared", rows.marker), "task_id"),
                    ("schedules", RouteExamples.schedule("shared", rows.marker), "id"),
                    ("workspaces", ["name": "shared", "description": .string(rows.marker)] as JSON, "id"),
                    ("api-keys", ["name": .string(rows.marker)] as JSON, "id"),
                ] as [(String, any APIBody, String)] {
                    for _ in 0..<2 {
                        let answer = try await walk.send(.POST, "/api/v1/" + path, body, as: key, headers: ["idempotency-key": "one \(path)"])
                        #expect((200...202).contains(answer.status), "\(path): \(answer.text)")
                        made[path, default: []].insert(answer.json[id]?.string ?? "")
                        let other = rows.tenantID == walk.acme.tenantID ? walk.umbrella : walk.acme
                        #expect(!answer.text.contains(other.marker), "\(path)")
                    }
                }
            }
            // One of each for each tenant, however often it was asked for.
            #expect(made.mapValues(\.count) == ["workflows": 2, "tasks": 2, "schedules": 2, "workspaces": 2, "api-keys": 2])
        }
    }

    @Test("The requests of one tenant leave those of another their own")
    func requestLimits() async throws {
        try await withWalk { walk in
            _ = try await walk.api.store.setTenantLimits(walk.acme.tenantID, [.requestsPerMinute: 3, .streams: 1])
            let deadline = ContinuousClock.now + .seconds(10)
            var answer = try await walk.send(.GET, "/api/v1/me", as: walk.acmeAdmin)
            while answer.status == 200 {
                try #require(ContinuousClock.now < deadline)
                answer = try await walk.send(.GET, "/api/v1/me", as: walk.acmeAdmin)
            }
            #expect(answer.status == 429 && answer.headers.first(name: "retry-after").flatMap { Int($0) } ?? 0 > 0)
            // Other keys of the tenant are counted with it.
            #expect(try await walk.send(.GET, "/api/v1/me", as: walk.without[.admin]).status == 429)
            for _ in 0..<10 { #expect(try await walk.send(.GET, "/api/v1/me", as: walk.umbrellaAdmin).status == 200) }
        }
    }
}

extension RouteWalkTests {
    /// Two tenants with a row of each kind, keys that open them, and keys that do not.
    private struct Walk: Sendable {
        let api: APIFixture
        let acme: TenantRows
        let umbrella: TenantRows
        let acmeAdmin: String
        let umbrellaAdmin: String
        let expired: String
        let revoked: String
        /// Keys with every scope but one, and but what includes it.
        let without: [AccessScope: String]
        /// Every response so far.
        let received = Received()

        func send(
            _ method: HTTPMethod, _ path: String, _ body: (any APIBody)? = nil, as key: String?, headers: [String: String] = [:]
        ) async throws -> Answer {
            var headers = headers
            if let key { headers["authorization"] = "Bearer \(key)" }
            return try await api.send(method, path, body, headers: headers)
        }

        /// Sends the example for some rows, and keeps what comes back.
        ///
        /// - Parameter own: parts of the path that are not the usual ones.
        func ask(
            _ example: RouteExample, _ rows: TenantRows, as key: String?, _ own: [String: String] = [:], marker: String? = nil,
            query: String? = nil
        ) async throws -> Answer {
            let path = example.path(rows, own) + (query.map { "?" + $0 } ?? "")
            let answer =
                example.isStream
                ? try await begin(path, as: key)
                : try await send(example.method, path, example.body(rows, marker ?? rows.marker), as: key)
            received.add(example.route, answer.text)
            return answer
        }

        /// No response so far holds anything of a tenant.
        func expectNothing(of rows: TenantRows) {
            for (route, text) in received.all { #expect(!text.contains(rows.marker), "\(route): \(text)") }
        }

        /// The beginning of a stream, or the whole of a response that is none.
        private func begin(_ path: String, as key: String?) async throws -> Answer {
            let response = try await open(path, as: key)
            var text = ""
            for try await part in response.body {
                text += String(buffer: part)
                if response.status == .ok, text.contains("\n\n") { break }
            }
            return Answer(status: Int(response.status.code), headers: response.headers, text: text)
        }

        /// Reads a stream until it has what is asked for.
        func read(_ path: String, as key: String, until isEnough: @Sendable @escaping (String) -> Bool) async throws -> String {
            let response = try await open(path, as: key)
            #expect(response.status == .ok)
            return try await within(.seconds(30), "what the stream is to have") {
                var text = ""
                for try await part in response.body {
                    text += String(buffer: part)
                    if isEnough(text) { break }
                }
                return text
            }
        }

        private func open(_ path: String, as key: String?) async throws -> HTTPClientResponse {
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(api.port)\(path)")
            if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
            return try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        }
    }

    private final class Received: Sendable {
        private let answers = Mutex<[(route: String, text: String)]>([])

        var all: [(route: String, text: String)] { answers.withLock { $0 } }

        func add(_ route: String, _ text: String) { answers.withLock { $0.append((route, text)) } }
    }

    private func withWalk(_ body: @escaping @Sendable (Walk) async throws -> Void) async throws {
        try await APIFixture.with(configure: {
            $0.authentication = .required
            $0.failedCredentialsPerMinute = 0
        }) { api in
            func key(_ tenant: String, _ scopes: [AccessScope], expiresAt: Date? = nil) async throws -> (text: String, id: UUID) {
                let key = APIKey()
                let row = try await api.store.createAPIKey(
                    Scope(tenantID: tenant, userID: "root"),
                    NewAPIKey(
                        name: "k", keyID: key.keyID, secretHash: key.secretHash, userID: "ada", groups: [], scopes: scopes,
                        workspaceID: nil, expiresAt: expiresAt))
                let id = try JSON(parsing: row.bytes)["id"]?.string.flatMap(UUID.init(text:))
                return (key.text, try #require(id))
            }
            for tenant in ["acme", "umbrella"] { _ = try await api.store.createTenant(tenant) }
            let all = AccessScope.allCases
            let admins = [try await key("acme", all).text, try await key("umbrella", all).text]
            let revoked = try await key("acme", all)
            _ = try await api.store.revokeAPIKey(Scope(tenantID: "acme", userID: "root"), revoked.id)
            var without: [AccessScope: String] = [:]
            for scope in all {
                without[scope] = try await key("acme", all.filter { $0 != scope && !(scope == .stream && $0 == .read) }).text
            }
            try await body(
                Walk(
                    api: api,
                    acme: try await TenantRows(api, tenantID: "acme", marker: "zanzibar", admin: admins[0]),
                    umbrella: try await TenantRows(api, tenantID: "umbrella", marker: "kilimanjaro", admin: admins[1]),
                    acmeAdmin: admins[0], umbrellaAdmin: admins[1],
                    expired: try await key("acme", all, expiresAt: .now.addingTimeInterval(-60)).text, revoked: revoked.text,
                    without: without))
        }
    }
}
