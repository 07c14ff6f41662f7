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
import TestSupport
import Testing
import Workflow

@testable import API

/// A service that asks for credentials, with two tenants.
@Suite struct AccessRouteTests {
    private struct Tenants: Sendable {
        let api: APIFixture
        let acme: String
        let acmeReader: String
        let umbrella: String

        func send(
            _ method: HTTPMethod, _ path: String, _ body: (any APIBody)? = nil, as key: String?, headers: [String: String] = [:]
        ) async throws -> Answer {
            var headers = headers
            if let key { headers["authorization"] = "Bearer \(key)" }
            return try await api.send(method, path, body, headers: headers)
        }

        /// Reads a stream until it ends, or the task is cancelled.
        func follow(_ path: String, as key: String?, into lines: Lines) async throws {
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(api.port)\(path)")
            if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
            request.headers.add(name: "accept", value: "text/event-stream")
            do {
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
                #expect(response.status == .ok)
                for try await part in response.body { await lines.add(String(buffer: part)) }
            } catch is CancellationError {
            } catch let error as HTTPClientError where error == .cancelled {
            }
            await lines.end()
        }

        /// Publishes the workflow of the tests and starts a task of it.
        func start(as key: String, topic: String) async throws -> String {
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow(), headers: ["authorization": "Bearer \(key)"])
            let body: JSON = ["workflow": "launch", "input": ["topic": .string(topic)]]
            let answer = try await send(.POST, "/api/v1/tasks", body, as: key)
            #expect(answer.status == 202, "\(answer.text)")
            return answer.json["task_id"]?.string ?? ""
        }
    }

    /// What a stream has sent so far.
    private actor Lines {
        private(set) var text = ""
        private var hasEnded = false
        private var waiters: [UUID: (isReady: @Sendable (String) -> Bool, waiter: CheckedContinuation<Void, any Error>)] = [:]

        func add(_ more: String) {
            text += more
            for (id, entry) in waiters where entry.isReady(text) { waiters.removeValue(forKey: id)?.waiter.resume() }
        }

        func end() {
            hasEnded = true
            for id in waiters.keys { fail(id) }
        }

        func wait(_ isReady: @escaping @Sendable (String) -> Bool) async throws {
            if isReady(text) { return }
            let id = UUID()
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
                    if hasEnded || Task.isCancelled { return waiter.resume(throwing: StreamEnded(text: text)) }
                    waiters[id] = (isReady, waiter)
                }
            } onCancel: {
                Task { await fail(id) }
            }
        }

        private func fail(_ id: UUID) {
            waiters.removeValue(forKey: id)?.waiter.resume(throwing: StreamEnded(text: text))
        }
    }

    private struct StreamEnded: Error {
        let text: String
    }

    private func withTenants(
        _ configure: (inout APIConfiguration) -> Void = { _ in }, _ body: @escaping @Sendable (Tenants) async throws -> Void
    ) async throws {
        try await APIFixture.with(configure: {
            $0.authentication = .required
            $0.failedCredentialsPerMinute = 0
            configure(&$0)
        }) { api in
            func key(_ tenant: String, _ scopes: [AccessScope]) async throws -> String {
                let key = APIKey()
                _ = try await api.store.createAPIKey(
                    Scope(tenantID: tenant, userID: "root"),
                    NewAPIKey(
                        name: "k", keyID: key.keyID, secretHash: key.secretHash, userID: "ada", groups: [], scopes: scopes,
                        workspaceID: nil, expiresAt: nil))
                return key.text
            }
            for tenant in ["acme", "umbrella"] { _ = try await api.store.createTenant(tenant) }
            try await body(
                Tenants(
                    api: api, acme: try await key("acme", [.read, .write, .admin]), acmeReader: try await key("acme", [.read]),
                    umbrella: try await key("umbrella", [.read, .write, .admin])))
        }
    }

    @Test func everyRouteIsInTheTableOfRights() throws {
        let logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() }
        let client = PostgresClient(configuration: PostgresConfiguration(connectionString: ""), logger: logger)
        let routes = APIRouter(
            configuration: APIConfiguration(), store: Store(database: client),
            hub: Hub(group: MultiThreadedEventLoopGroup.singleton), checks: [], logger: logger
        ).table.all
        #expect(routes.subtracting(RouteRights.table.keys).isEmpty, "\(routes.subtracting(RouteRights.table.keys))")
        // A route of the table may be another version's, but none is open to all without a reason.
        #expect(Set(RouteRights.table.filter { $0.value.scope == nil }.keys) == [
            "GET /health", "GET /health/live", "GET /health/ready", "GET /metrics", "POST /api/v1/session", "DELETE /api/v1/session",
        ])
    }

    @Test func withoutACredentialNothingIsSaid() async throws {
        try await withTenants { tenants in
            let task = try await tenants.start(as: tenants.acme, topic: "tea")
            let id = "0190a000-0000-7000-8000-000000000000"
            for route in RouteRights.table.keys.sorted() where RouteRights.table[route]?.scope != nil {
                let parts = route.split(separator: " ")
                let path = parts[1].replacing("{task_id}", with: task).replacing("{id}", with: id)
                    .replacing("{output_id}", with: id).replacing("{name}", with: "launch").replacing("{version}", with: "1.0.0")
                    .replacing("{member}", with: "user:ada")
                for key in [nil, "prk_0000000000000000_" + String(repeating: "0", count: 64), "x.y.z"] {
                    let answer = try await tenants.send(HTTPMethod(rawValue: String(parts[0])), String(path), as: key)
                    #expect(answer.status == 401 && answer.isProblem, "\(route): \(answer.status)")
                    #expect(answer.headers.first(name: "www-authenticate")?.hasPrefix("Bearer") == true)
                }
            }
            for path in ["/health", "/health/live"] {
                #expect(try await tenants.send(.GET, path, as: nil).status == 200)
            }
        }
    }

    @Test func aKeyWithoutTheScopeIsToldWhichOne() async throws {
        try await withTenants { tenants in
            let task = try await tenants.start(as: tenants.acme, topic: "tea")
            let refused = try await tenants.send(.POST, "/api/v1/tasks/\(task)/cancel", as: tenants.acmeReader)
            #expect(refused.status == 403 && refused.json["scope"] == "write", "\(refused.text)")
            #expect(try await tenants.send(.GET, "/api/v1/api-keys", as: tenants.acmeReader).json["scope"] == "admin")
            #expect(try await tenants.send(.GET, "/api/v1/tasks/\(task)", as: tenants.acmeReader).status == 200)
        }
    }

    @Test func anotherTenantSeesNothing() async throws {
        try await withTenants { tenants in
            let task = try await tenants.start(as: tenants.acme, topic: "marker")
            let other = try await tenants.start(as: tenants.umbrella, topic: "own")
            for path in [
                "/tasks/\(task)", "/tasks/\(task)/state", "/tasks/\(task)/steps", "/tasks/\(task)/outputs",
                "/tasks/\(task)/history", "/tasks/\(task)/logs", "/workflows/launch/state/\(task)", "/tasks/\(task)/stream",
            ] {
                let answer = try await tenants.send(.GET, "/api/v1" + path, as: tenants.umbrella)
                #expect(answer.status == 404 && !answer.text.contains("marker"), "\(path): \(answer.text)")
            }
            for action in ["cancel", "pause", "retry"] {
                let answer = try await tenants.send(.POST, "/api/v1/tasks/\(task)/\(action)", as: tenants.umbrella)
                #expect(answer.status == 404, "\(action)")
            }
            let list = try await tenants.send(.GET, "/api/v1/tasks", as: tenants.umbrella)
            #expect(list.json["items"]?.array?.compactMap { $0["task_id"]?.string } == [other])
            #expect(!list.text.contains("marker"))
            let own = try await tenants.send(.GET, "/api/v1/tasks/\(task)", as: tenants.acme)
            #expect(own.json["created_by"] == "ada" && own.json["context"]?["tenant_id"] == "acme")
        }
    }

    @Test func keysAreMadeListedAndRevoked() async throws {
        try await withTenants { tenants in
            let made = try await tenants.send(
                .POST, "/api/v1/api-keys", ["name": "ci", "scopes": ["read"], "user_id": "ci"] as JSON, as: tenants.acme)
            #expect(made.status == 201, "\(made.text)")
            let key = try #require(made.json["key"]?.string)
            let me = try await tenants.send(.GET, "/api/v1/me", as: key)
            #expect(me.json["user_id"] == "ci" && me.json["tenant_id"] == "acme" && me.json["scopes"] == ["read"])
            let list = try await tenants.send(.GET, "/api/v1/api-keys", as: tenants.acme)
            #expect(list.json["items"]?.array?.count == 3 && !list.text.contains("secret"))
            #expect(try await tenants.send(.GET, "/api/v1/api-keys", as: tenants.umbrella).json["items"]?.array?.count == 1)
            let path = "/api/v1/api-keys/\(made.json["id"]?.string ?? "")"
            #expect(try await tenants.send(.DELETE, path, as: tenants.umbrella).status == 404)
            #expect(try await tenants.send(.DELETE, path, as: tenants.acme).status == 204)
            // What was read of the key a moment ago may still count, for less than a second.
            let deadline = ContinuousClock.now + .seconds(2)
            while try await tenants.send(.GET, "/api/v1/me", as: key).status != 401 {
                #expect(ContinuousClock.now < deadline)
                if ContinuousClock.now >= deadline { break }
            }
            let wrong = try await tenants.send(.POST, "/api/v1/api-keys", ["scopes": ["act", "cook"]] as JSON, as: tenants.acme)
            #expect(wrong.status == 422 && wrong.json["errors"]?.array?.count == 2, "\(wrong.text)")
        }
    }

    @Test func aPageSignsInAndOut() async throws {
        try await withTenants { tenants in
            let signedIn = try await tenants.send(
                .POST, "/api/v1/session", ["credential": .string(tenants.acme)] as JSON, as: nil)
            #expect(signedIn.status == 201 && signedIn.json["mode"] == "key")
            let cookie = try #require(signedIn.headers.first(name: "set-cookie"))
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"))
            let value = String(cookie.prefix { $0 != ";" })
            let me = try await tenants.send(.GET, "/api/v1/session", as: nil, headers: ["cookie": "a=b; \(value)"])
            #expect(me.status == 200 && me.json["mode"] == "session" && me.json["user_id"] == "ada")
            #expect(try await tenants.send(.POST, "/api/v1/session", ["credential": "x"] as JSON, as: nil).status == 401)
            #expect(try await tenants.send(.TRACE, "/api/v1/session", as: nil).status == 405)
            #expect(try await tenants.send(.HEAD, "/api/v1/session", as: nil).status == 401)
            #expect(try await tenants.send(.DELETE, "/api/v1/session", as: nil).headers.first(name: "set-cookie")?.contains("Max-Age=0") == true)
            // A key in the query is no credential.
            #expect(try await tenants.send(.GET, "/api/v1/me?token=\(tenants.acme)", as: nil).status == 401)
        }
    }

    @Test func aCopiedCookieOpensNothingAfterTheSignOut() async throws {
        try await withTenants { tenants in
            let signedIn = try await tenants.send(.POST, "/api/v1/session", ["credential": .string(tenants.acme)] as JSON, as: nil)
            let cookie = String(try #require(signedIn.headers.first(name: "set-cookie")).prefix { $0 != ";" })
            let task = try await tenants.start(as: tenants.acme, topic: "tea")
            let made = try await tenants.send(
                .POST, "/api/v1/stream-tickets", ["task_id": .string(task)] as JSON, as: nil, headers: ["cookie": cookie])
            let ticket = try #require(made.json["ticket"]?.string)
            let following = Lines()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await tenants.follow("/api/v1/tasks/\(task)/stream?ticket=\(ticket)", as: nil, into: following) }
                try await within(.seconds(10), "the stream") { try await following.wait { $0.contains("event: state") } }
                // Beside another user's key it is still the cookie's session that ends.
                let out = try await tenants.send(.DELETE, "/api/v1/session", as: tenants.umbrella, headers: ["cookie": cookie])
                #expect(out.status == 204 && out.headers.first(name: "set-cookie")?.contains("Max-Age=0") == true)
                let refused = try await tenants.send(.GET, "/api/v1/me", as: nil, headers: ["cookie": cookie])
                #expect(refused.status == 401 && refused.isProblem, "\(refused.text)")
                try await within(.seconds(10), "the end of the stream") {
                    try await following.wait { $0.contains("event: credentials_expired") && $0.contains("\"reason\":\"revoked\"") }
                }
                group.cancelAll()
            }
            #expect(try await tenants.send(.DELETE, "/api/v1/session", as: nil, headers: ["cookie": cookie]).status == 204)
            #expect(try await tenants.send(.DELETE, "/api/v1/session", as: nil, headers: ["cookie": "pressroom_session=prs_a.b.c"]).status == 204)
            #expect(try await tenants.send(.GET, "/api/v1/me", as: tenants.acme).status == 200)
            #expect(try await tenants.api.client.query("SELECT FROM pressroom.ended_sessions").count == 1)
        }
    }

    @Test func aTicketOpensItsTaskAndNothingElse() async throws {
        try await withTenants { tenants in
            let task = try await tenants.start(as: tenants.acme, topic: "tea")
            let other = try await tenants.start(as: tenants.acme, topic: "coffee")
            let made = try await tenants.send(
                .POST, "/api/v1/stream-tickets", ["task_id": .string(task)] as JSON, as: tenants.acmeReader)
            #expect(made.status == 201, "\(made.text)")
            let ticket = made.json["ticket"]?.string ?? ""
            let state = try await tenants.send(.GET, "/api/v1/tasks/\(task)/state?ticket=\(ticket)", as: nil)
            #expect(state.status == 200 && state.json["steps"] == [] && state.json["phases"]?.array?.isEmpty == false)
            #expect(try await tenants.send(.GET, "/api/v1/tasks/\(other)/state?ticket=\(ticket)", as: nil).status == 404)
            // Beside a key a ticket counts for nothing, and is no unknown parameter either.
            #expect(try await tenants.send(.GET, "/api/v1/tasks/\(other)/state?ticket=\(ticket)", as: tenants.acme).status == 200)
            #expect(try await tenants.send(.GET, "/api/v1/tasks?ticket=\(ticket)", as: nil).status == 403)
            #expect(try await tenants.send(.GET, "/api/v1/workflows?ticket=\(ticket)", as: nil).status == 403)
            #expect(try await tenants.send(.POST, "/api/v1/tasks/\(task)/cancel?ticket=\(ticket)", as: nil).status == 403)
            #expect(try await tenants.send(.GET, "/api/v1/tasks/\(task)/state?ticket=\(ticket)x", as: nil).status == 401)
            // Rows are as open as the events that carry them.
            #expect(try await tenants.send(.GET, "/api/v1/tasks/\(task)/outputs?ticket=\(ticket)", as: nil).status == 200)
            #expect(try await tenants.send(.GET, "/api/v1/tasks/\(task)/evaluations?ticket=\(ticket)", as: nil).status == 403)
            let brought = "/api/v1/tasks/\(task)?include=accumulated_context&ticket="
            #expect(try await tenants.send(.GET, brought + ticket, as: nil).status == 200)
            let narrow = try await tenants.send(
                .POST, "/api/v1/stream-tickets", ["task_id": .string(task), "types": ["task_updated"]] as JSON, as: tenants.acmeReader)
            let narrowTicket = narrow.json["ticket"]?.string ?? ""
            #expect(try await tenants.send(.GET, brought + narrowTicket, as: nil).status == 403)
            #expect(try await tenants.send(.GET, "/api/v1/tasks/\(task)/outputs?ticket=\(narrowTicket)", as: nil).status == 403)
            let foreign = try await tenants.send(
                .POST, "/api/v1/stream-tickets", ["task_id": .string(task)] as JSON, as: tenants.umbrella)
            #expect(foreign.status == 404)
        }
    }

    @Test func aStreamEndsWithItsKeyAndTheOthersGoOn() async throws {
        try await withTenants { tenants in
            let task = try await tenants.start(as: tenants.acme, topic: "tea")
            let made = try await tenants.send(.POST, "/api/v1/api-keys", ["scopes": ["stream"]] as JSON, as: tenants.acme)
            let key = try #require(made.json["key"]?.string)
            // It may read streams, and nothing else.
            #expect(try await tenants.send(.GET, "/api/v1/workflows", as: key).status == 403)

            let (ending, lasting) = (Lines(), Lines())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await tenants.follow("/api/v1/stream", as: key, into: ending) }
                group.addTask { try await tenants.follow("/api/v1/tasks/\(task)/stream?from=now", as: tenants.acme, into: lasting) }
                try await within(.seconds(10), "both streams") {
                    try await ending.wait { $0.contains("event: opened") }
                    try await lasting.wait { $0.contains("event: opened") }
                }
                // By hand, past the service.
                let id = made.json["id"]?.string ?? ""
                let revoked = try await tenants.api.client.query(
                    "UPDATE pressroom.api_keys SET revoked_at = now() WHERE id = \(id)::uuid")
                #expect(revoked.affectedRows == 1)
                try await within(.seconds(10), "the end of the stream") {
                    try await ending.wait { $0.contains("event: credentials_expired") && $0.contains("\"reason\":\"revoked\"") }
                }
                let posted = try await tenants.send(
                    .POST, "/api/v1/tasks/\(task)/events", ["data": "after"] as JSON, as: tenants.acme)
                #expect(posted.status == 202)
                try await within(.seconds(10), "an event on the other stream") {
                    try await lasting.wait { $0.contains("\"after\"") }
                }
                #expect(await !lasting.text.contains("credentials_expired"))
                #expect(await !ending.text.contains("\"after\""))
                group.cancelAll()
            }
            #expect(try await tenants.send(.GET, "/api/v1/stream", as: key).status == 401)
        }
    }

    /// What is known of a key may be old by far here; the state knows that access has changed since.
    @Test func aStateIsJudgedByTheRightsAtItsCursor() async throws {
        try await withTenants({ $0.access.maxAge = .seconds(3_600) }) { tenants in
            let task = try await tenants.start(as: tenants.acme, topic: "tea")
            let path = "/api/v1/tasks/\(task)/state"
            #expect(try await tenants.send(.GET, path, as: tenants.acmeReader).status == 200)
            let id = tenants.acmeReader.split(separator: "_")[1]
            _ = try await tenants.api.client.query(
                "UPDATE pressroom.api_keys SET revoked_at = now() WHERE key_id = \(String(id))")
            #expect(try await tenants.send(.GET, "/api/v1/me", as: tenants.acmeReader).status == 200)
            #expect(try await tenants.send(.GET, path, as: tenants.acmeReader).status == 401)
            #expect(try await tenants.send(.GET, path, as: tenants.acme).status == 200)
        }
    }

    @Test func anEventSourceWithATicketThatHasEndedIsToldSo() async throws {
        try await withTenants { tenants in
            let task = try await tenants.start(as: tenants.acme, topic: "tea")
            let made = try await tenants.send(
                .POST, "/api/v1/stream-tickets", ["task_id": .string(task), "expires_in": 1] as JSON, as: tenants.acme)
            let path = "/api/v1/tasks/\(task)/stream?ticket=\(made.json["ticket"]?.string ?? "")"
            // Its time is over when the service says so. Until then each response ends its connection, at times before the
            // client has finished with it.
            var status: Int?
            let deadline = ContinuousClock.now + .seconds(10)
            while status != 401, ContinuousClock.now < deadline {
                status = try? await tenants.send(.HEAD, path, as: nil).status
            }
            #expect(status == 401)
            var answer: Answer?
            while answer == nil, ContinuousClock.now < deadline {
                answer = try? await tenants.send(
                    .GET, path, as: nil, headers: ["accept": "text/event-stream", "last-event-id": "k3.7"])
            }
            let told = try #require(answer)
            #expect(told.status == 200 && told.headers.first(name: "content-type") == "text/event-stream")
            #expect(told.text.contains("event: credentials_expired") && told.text.contains("\"cursor\":\"k3.7\""), "\(told.text)")
        }
    }

    @Test func suspendedTenantsStartNothing() async throws {
        try await withTenants { tenants in
            let task = try await tenants.start(as: tenants.acme, topic: "tea")
            _ = try await tenants.api.store.setTenantStatus("acme", .suspended)
            let deadline = ContinuousClock.now + .seconds(2)
            let body: JSON = ["workflow": "launch", "input": ["topic": "more"]]
            while try await tenants.send(.POST, "/api/v1/tasks", body, as: tenants.acme).status != 403 {
                #expect(ContinuousClock.now < deadline)
                if ContinuousClock.now >= deadline { break }
            }
            #expect(try await tenants.send(.GET, "/api/v1/tasks/\(task)", as: tenants.acme).status == 200)
            #expect(try await tenants.start(as: tenants.umbrella, topic: "tea") != "")
        }
    }

    @Test func failedCredentialsAreCounted() async throws {
        try await APIFixture.with(configure: {
            $0.authentication = .required
            $0.failedCredentialsPerMinute = 3
        }) { api in
            var statuses: [Int] = []
            for _ in 0..<5 {
                statuses.append(try await api.send(.GET, "/api/v1/me", headers: ["authorization": "Bearer nonsense"]).status)
            }
            #expect(statuses == [401, 401, 401, 429, 429])
            // Who sends none tries nothing.
            #expect(try await api.send(.GET, "/api/v1/me").status == 401)
        }
    }

    @Test func withoutAuthenticationEverybodyIsLocal() async throws {
        try await APIFixture.with { api in
            let me = try await api.send(.GET, "/api/v1/me")
            #expect(me.status == 200 && me.json["tenant_id"] == "default" && me.json["user_id"] == "local" && me.json["mode"] == "none")
            #expect(try await api.send(.POST, "/api/v1/session").status == 201)
            #expect(try await api.send(.DELETE, "/api/v1/session").status == 204)
            let key = try await api.send(.POST, "/api/v1/api-keys", ["name": "first"] as JSON)
            #expect(key.status == 201 && key.json["key"]?.string?.hasPrefix("prk_") == true, "\(key.text)")
        }
    }

    @Test func allowedOriginsMayReadAndOthersNot() async throws {
        try await APIFixture.with(configure: {
            $0.allowedOrigins = ["https://app.example", "https://*.pages.example"].compactMap { WebOrigin($0) }
        }) { api in
            for (origin, credentials) in [("https://app.example", true), ("https://a.b.pages.example", false)] {
                let answer = try await api.send(.GET, "/api/v1/nothing", headers: ["origin": origin])
                #expect(answer.status == 404 && answer.headers["access-control-allow-origin"] == [origin])
                #expect(answer.headers.first(name: "access-control-expose-headers") == "ETag, Location, Retry-After, Idempotency-Replayed")
                #expect((answer.headers.first(name: "access-control-allow-credentials") == "true") == credentials)
                let preflight = try await api.send(
                    .OPTIONS, "/api/v1/tasks", headers: ["origin": origin, "access-control-request-method": "POST"])
                #expect(preflight.status == 204)
                #expect(preflight.headers.first(name: "access-control-allow-methods") == "GET, HEAD, POST")
            }
            for origin in ["https://pages.example", "http://app.example", "https://app.example.evil", "https://app.example:8443", "null"] {
                let answer = try await api.send(.GET, "/api/v1/tasks", headers: ["origin": origin])
                #expect(answer.headers["access-control-allow-origin"].isEmpty, "\(origin)")
            }
        }
    }
}
