import Base
import API
import Foundation
import Logging
import NIOHTTP1
import Postgres
import TestSupport
import Testing
import Workflow

@Suite struct HealthTests {
    @Test func aNodeThatWorksIsReady() async throws {
        try await APIFixture.with { api in
            #expect(try await api.send(.GET, "/health/live").status == 200)
            let ready = try await api.send(.GET, "/health/ready")
            #expect(ready.status == 200)
            #expect(ready.json == ["status": "ok", "checks": ["database": "ok"]])
            #expect(try await api.send(.HEAD, "/health").status == 200)
        }
    }

    @Test func aPartThatDoesNotWorkMakesItUnready() async throws {
        try await APIFixture.with(checks: [ReadinessCheck(name: "tailer") { false }]) { api in
            let ready = try await api.send(.GET, "/health/ready")
            #expect(ready.status == 503)
            #expect(ready.json["checks"] == ["database": "ok", "tailer": "unavailable"])
            #expect(try await api.send(.GET, "/health/live").status == 200)
        }
    }

    @Test func withoutADatabaseEveryRequestGets503() async throws {
        let logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() }
        var database = PostgresConfiguration(connectionString: "host=/nonexistent user=nobody")
        database.acquireTimeout = .milliseconds(300)
        let client = PostgresClient(configuration: database, logger: logger)
        var configuration = APIConfiguration()
        configuration.port = 0
        try await APIFixture.run(client, configuration, [], logger) { api in
            #expect(try await api.send(.GET, "/health/ready").status == 503)
            #expect(try await api.send(.GET, "/health/live").status == 200)
            let answer = try await api.send(.GET, "/api/v1/tasks")
            #expect(answer.status == 503)
            #expect(answer.isProblem)
            #expect(answer.headers["retry-after"] == ["1"])
            let start = try await api.send(.POST, "/api/v1/tasks", ["workflow": "launch"] as JSON)
            #expect(start.status == 503)
        }
        await client.shutdown()
    }

    @Test func aDatabaseThatAcceptsNoChangesMakesItUnready() async throws {
        let logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() }
        try await withDatabase(migrated: true) { database in
            var database = database
            database.sessionParameters = [("default_transaction_read_only", "on")]
            let client = PostgresClient(configuration: database, logger: logger)
            var configuration = APIConfiguration()
            configuration.port = 0
            try await APIFixture.run(client, configuration, [], logger) { api in
                let ready = try await api.send(.GET, "/health/ready")
                #expect(ready.status == 503 && ready.json["checks"] == ["database": "unavailable"])
                #expect(try await api.send(.GET, "/health/live").status == 200)
                #expect(try await api.send(.GET, "/api/v1/tasks").status == 200)
            }
            await client.shutdown()
        }
    }

    @Test func clientErrorsAreNoErrorsOfTheService() async throws {
        let log = RecordedLog()
        try await APIFixture.with(logger: log.logger) { api in
            for bad in BadInputTests.cases {
                _ = try await api.send(bad.method, bad.path, bad.body, type: bad.type, headers: bad.headers)
            }
            _ = try await exchange(port: api.port, ["nonsense\r\n\r\n"])
        }
        #expect(log.entries.contains { $0.level == .debug && $0.message.hasPrefix("request failed") })
        #expect(log.entries.filter { $0.level > .info }.isEmpty, "\(log.entries.filter { $0.level > .info })")
    }
}
