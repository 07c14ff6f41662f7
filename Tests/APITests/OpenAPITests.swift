import Base
import Broadcast
import Foundation
import Logging
import NIOHTTP1
import NIOPosix
import Postgres
import Store
import Testing
import Workflow

@testable import API

@Suite struct OpenAPITests {
    private static let publicDirectory = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Public").path

    @Test func everyRouteIsDescribedAndNothingElse() async throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: Self.publicDirectory + "/openapi.json"))
        let document = try JSON(parsing: data)
        var described: Set<String> = []
        for (path, operations) in document["paths"]?.object ?? [:] {
            for method in (operations.object ?? [:]).keys { described.insert("\(method.uppercased()) \(path)") }
        }
        let logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() }
        let client = PostgresClient(configuration: PostgresConfiguration(connectionString: ""), logger: logger)
        let store = Store(database: client)
        let hub = Hub(group: MultiThreadedEventLoopGroup.singleton)
        let routes = APIRouter(
            configuration: APIConfiguration(), store: store, hub: hub, checks: [], logger: logger
        ).table.all
        #expect(described == routes)
    }

    /// Whatever is asked, the service may refuse the name that it is asked under, and a page of another origin.
    @Test func everyOperationNamesTheRefusalsOfHostsAndOrigins() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: Self.publicDirectory + "/openapi.json"))
        for (path, operations) in try JSON(parsing: data)["paths"]?.object ?? [:] {
            for (method, operation) in operations.object ?? [:] {
                let problem: JSON = ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]]
                let right = RouteRights.right(for: "\(method.uppercased()) \(path)")
                let mayBeForbidden = method != "get" || right.scope != nil
                #expect(operation["responses"]?["421"]?["content"] == problem, "\(method) \(path)")
                #expect((operation["responses"]?["403"]?["content"] == problem) == mayBeForbidden, "\(method) \(path)")
            }
        }
    }

    /// What needs a credential names the answers to a request without one, and the credentials that it takes.
    @Test func everyOperationNamesItsCredentials() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: Self.publicDirectory + "/openapi.json"))
        let document = try JSON(parsing: data)
        let schemes = Set((document["components"]?["securitySchemes"]?.object ?? [:]).keys)
        #expect(schemes == ["bearer", "session", "ticket"])
        for (path, operations) in document["paths"]?.object ?? [:] {
            for (method, operation) in operations.object ?? [:] {
                let route = "\(method.uppercased()) \(path)"
                let right = RouteRights.right(for: route)
                let taken = (operation["security"] ?? document["security"])?.array?.flatMap { Array(($0.object ?? [:]).keys) } ?? []
                let isOpen = right.scope == nil
                // A ticket makes no other tickets.
                let takesTicket = right.scope == .stream && route != "POST /api/v1/stream-tickets"
                #expect(Set(taken) == (isOpen ? [] : takesTicket ? schemes : ["bearer", "session"]), "\(route)")
                // Signing in fails with a wrong credential.
                let named = !isOpen || route == "POST \(SessionRoutes.path)"
                // Metrics have a token of their own.
                guard route != "GET /metrics" else {
                    #expect(operation["responses"]?["401"] != nil)
                    continue
                }
                for status in ["401", "429"] { #expect((operation["responses"]?[status] != nil) == named, "\(route) \(status)") }
                #expect(!named || operation["responses"]?["401"]?["headers"]?["WWW-Authenticate"] != nil, "\(route)")
                #expect(!named || operation["responses"]?["429"]?["headers"]?["Retry-After"] != nil, "\(route)")
            }
        }
    }

    @Test func whatRepeatsARequestIsDescribed() async throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: Self.publicDirectory + "/openapi.json"))
        let paths = try JSON(parsing: data)["paths"]
        func takesKey(_ path: String) -> Bool {
            paths?[path]?["post"]?["parameters"]?.array?.contains { $0["name"] == "Idempotency-Key" && $0["in"] == "header" } == true
        }
        for path in ["/api/v1/tasks", "/api/v1/tasks/{task_id}/events", "/api/v1/tasks/{task_id}/signals/{name}"] {
            #expect(takesKey(path), "\(path)")
        }
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML(text: "name: any\nversion: 1.0.0\nphases: [{id: go, kind: signal}]"))
            let task = try #require(try await api.send(.POST, "/api/v1/tasks", ["workflow": "any"] as JSON).json["task_id"]?.string)
            for _ in 0..<2 {
                let answer = try await api.send(
                    .POST, "/api/v1/tasks/\(task)/signals/go", ["data": 1] as JSON, headers: ["idempotency-key": "once"])
                #expect(answer.status == 202)
            }
            #expect(try await api.rowCounts()["signals"] == 1)
        }
    }

    @Test func theBoardAndTheDescriptionAreServed() async throws {
        try await APIFixture.with(configure: { $0.publicDirectory = Self.publicDirectory }) { api in
            let description = try await api.send(.GET, "/openapi.json")
            #expect(description.status == 200)
            #expect(description.json["openapi"]?.string?.hasPrefix("3.1") == true)
            let page = try await api.send(.GET, "/")
            #expect(page.status == 200)
            #expect(page.headers.first(name: "content-type")?.hasPrefix("text/html") == true)
            #expect(page.headers["cache-control"] == ["no-cache"])
            #expect(page.headers["x-content-type-options"] == ["nosniff"])
            #expect(page.headers.first(name: "content-security-policy")?.hasPrefix("default-src 'self'") == true)
            let tag = try #require(page.tag)
            #expect(try await api.send(.GET, "/", headers: ["if-none-match": tag]).status == 304)
            #expect(try await exchangeStatus(api.port, "/%2e%2e/Package.swift") == "404")
            #expect(try await exchangeStatus(api.port, "/index.html%00.txt") == "404")
            #expect(try await api.send(.GET, "/nothing.js").isProblem)
        }
    }

    private func exchangeStatus(_ port: Int, _ path: String) async throws -> Substring {
        let received = try await exchange(port: port, ["GET \(path) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"])
        return received.dropFirst("HTTP/1.1 ".count).prefix(3)
    }
}
