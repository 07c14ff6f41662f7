import Postgres
import TestSupport
import Testing

@Suite("Upkeep of the pool")
struct PoolUpkeepTests {
    /// Runs a client of a database of its own; `observer` is another one, which sees the first from outside.
    private func withRunning(
        _ configure: (inout PostgresConfiguration) -> Void,
        _ body: @escaping @Sendable (_ client: PostgresClient, _ observer: PostgresClient) async throws -> Void
    ) async throws {
        let logger = try await PostgresServer.shared().logger
        try await withDatabase { database in
            var configuration = database
            configuration.applicationName = "kept"
            configuration.maxConnections = 4
            configure(&configuration)
            let client = PostgresClient(configuration: configuration, logger: logger)
            let observer = PostgresClient(configuration: database, logger: logger)
            let running = Task { try await client.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(client, observer)) } catch { result = .failure(error) }
            running.cancel()
            _ = try? await running.value
            await observer.shutdown()
            try result.get()
        }
    }

    private func sessions(_ observer: PostgresClient) async throws -> Set<Int> {
        let rows = try await observer.query(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'kept' AND datname = current_database()")
        return Set(try rows.map { try $0.decode("pid", as: Int.self) })
    }

    private func until(
        _ what: String, _ condition: @escaping @Sendable () async throws -> Bool
    ) async throws {
        try await within(.seconds(30), what) {
            while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    private func useAll(_ client: PostgresClient) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { _ = try await client.query("SELECT pg_sleep(0.2)") } }
            try await group.waitForAll()
        }
    }

    @Test func enoughConnectionsAreOpenBeforeTheyAreNeeded() async throws {
        try await withRunning { $0.minIdleConnections = 3 } _: { client, observer in
            try await until("three idle connections") { client.poolStatus.idle == 3 }
            #expect(try await sessions(observer).count == 3)
            // One that breaks is replaced without anyone who asks for it.
            let victim = try #require(try await sessions(observer).first)
            _ = try await observer.query("SELECT pg_terminate_backend(\(victim))")
            try await until("another one") {
                let now = try await sessions(observer)
                return now.count == 3 && !now.contains(victim)
            }
        }
    }

    @Test func connectionsThatNothingNeedsAreClosed() async throws {
        try await withRunning {
            $0.minIdleConnections = 1
            $0.idleTimeout = .milliseconds(300)
        } _: { client, observer in
            try await useAll(client)
            #expect(client.poolStatus.idle == 4)
            try await until("one connection is left") { try await sessions(observer).count == 1 }
            #expect(client.poolStatus.idle == 1)
        }
    }

    @Test func oldConnectionsAreReplaced() async throws {
        try await withRunning {
            $0.minIdleConnections = 2
            $0.maxLifetime = .seconds(1)
        } _: { client, observer in
            try await until("two idle connections") { client.poolStatus.idle == 2 }
            let first = try await sessions(observer)
            try await until("both are others") {
                let now = try await sessions(observer)
                return now.count == 2 && now.isDisjoint(with: first)
            }
            // One in use is not taken away from its user.
            try await client.withConnection { connection in
                let pid = connection.processID
                _ = try await connection.query("SELECT pg_sleep(2)")
                #expect(try await connection.query("SELECT pg_backend_pid() AS p")[0].decode("p", as: Int.self) == pid)
            }
        }
    }

    @Test func connectionsThatAreSeldomUsedAreTried() async throws {
        try await withRunning { $0.healthInterval = .milliseconds(200) } _: { client, observer in
            let pid: Int = try await client.query("SELECT pg_backend_pid() AS p")[0].decode("p")
            try await until("it is tried") {
                let rows = try await observer.query("SELECT query FROM pg_stat_activity WHERE pid = \(pid)")
                return try rows.first?.decode("query", as: String.self) == "SELECT 1"
            }
            #expect(try await sessions(observer) == [pid])
        }
    }
}
