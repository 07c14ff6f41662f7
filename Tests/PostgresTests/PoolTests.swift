import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@Suite("Pool")
struct PoolTests {
    @Test func manyTasksShareFewConnections() async throws {
        try await withPostgresClient(maxConnections: 3) { client in
            let pids = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<300 {
                    group.addTask { try await client.query("SELECT pg_backend_pid() AS p")[0].decode("p") }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect((1...3).contains(pids.count))
        }
    }

    @Test func connectionsAreOpenedOnlyWhenNeeded() async throws {
        try await withPostgresClient(maxConnections: 8) { client in
            for _ in 0..<20 { _ = try await client.query("SELECT 1") }
            let count = try await client.query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            #expect(try count[0].decode(0, as: Int.self) == 1)
        }
    }

    @Test func exhaustionIsAClearError() async throws {
        try await withDatabase { configuration in
            var configuration = configuration
            configuration.maxConnections = 1
            configuration.acquireTimeout = .seconds(3)
            let client = PostgresClient(configuration: configuration, logger: try await PostgresServer.shared().logger)
            let error = await #expect(throws: PostgresError.self) {
                try await client.withConnection { _ in _ = try await client.query("SELECT 1") }
            }
            #expect(error?.code == .poolTimeout)
            #expect(error?.message.contains("1 of 1 in use") == true)
            let count = try await client.query("SELECT 1").count
            #expect(count == 1)
            await client.shutdown()
        }
    }

    @Test func aTerminatedConnectionIsReplaced() async throws {
        try await withPostgresClient(maxConnections: 2) { client in
            let error = await #expect(throws: PostgresError.self) {
                try await client.withConnection { victim in
                    async let sleeping = victim.query("SELECT pg_sleep(3600)")
                    let pid = victim.processID
                    _ = try await client.query("SELECT pg_terminate_backend(\(pid))")
                    _ = try await sleeping
                }
            }
            #expect(error?.code == .connectionLost)
            #expect(error?.sqlState == "57P01")
            for _ in 0..<10 { _ = try await client.query("SELECT 1") }
        }
    }

    @Test func shutdownWaitsForWhatRunsAndRefusesTheRest() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            try await client.withConnection { connection in
                let shutdown = Task { await client.shutdown() }
                let error = await #expect(throws: PostgresError.self) {
                    while true { try await client.withConnection { _ in } }
                }
                #expect(error?.code == .shutdown || error?.code == .poolTimeout)
                let count = try await connection.query("SELECT 1").count
                #expect(count == 1)
                _ = shutdown
            }
            await client.shutdown()
        }
    }

    @Test func runEndsWithTheService() async throws {
        try await withPostgresClient { client in
            let group = ServiceGroup(
                services: [client], logger: try await PostgresServer.shared().logger
            )
            let running = Task { try await group.run() }
            _ = try await client.query("SELECT 1")
            await group.triggerGracefulShutdown()
            try await running.value
            let error = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT 1") }
            #expect(error?.code == .shutdown)
        }
    }
}
