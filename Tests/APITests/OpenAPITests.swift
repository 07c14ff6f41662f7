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
