import Base
import Postgres
import TestSupport
import Testing

@Suite("Cancellation")
struct CancellationTests {
    /// Waits until the server runs that statement: an event, seen through another connection.
    private func waitUntilRunning(_ text: String, _ client: PostgresClient) async throws {
        while try await client.query(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query = \(text)"
        ).isEmpty {
            await Task.yield()
        }
    }

    @Test func stopsTheStatementOnTheServer() async throws {
        try await withPostgresClient(maxConnections: 2) { client in
            let task = Task { try await client.query("SELECT pg_sleep(3600)") }
            try await waitUntilRunning("SELECT pg_sleep(3600)", client)
            task.cancel()
            let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
            let active = try await client.query("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)' AND state = 'active'")
            #expect(active.isEmpty)
        }
    }

    @Test func aCancelledTaskSendsNothing() async throws {
        try await withPostgresClient(maxConnections: 1) { client async throws in
            _ = try await client.query("CREATE TABLE t (a int)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                _ = try await client.query("INSERT INTO t VALUES (1)")
            }
            await #expect(throws: PostgresError.self) { try await task.value }
            #expect(try await client.query("SELECT * FROM t").isEmpty)
        }
    }

    /// A cancel at any moment, however unlucky, never disturbs the next user of the connection.
    @Test(arguments: 0..<6)
    func randomCancelsLeaveTheConnectionsUsable(seed: Int) async throws {
        try await withPostgresClient(maxConnections: 3) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        var random = SplitMix64(seed: UInt64(seed * 100 + worker))
                        for round in 0..<40 { try await self.cancelOnce(client, round, seed, &random) }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func cancelOnce(_ client: PostgresClient, _ round: Int, _ seed: Int, _ random: inout SplitMix64) async throws {
        let kind = Int.random(in: 0..<4, using: &random)
        let pause = Int.random(in: 0..<1500, using: &random)
        let task = Task { () -> [String?] in
            switch kind {
            case 0: return try await client.query("SELECT \(round)::text AS a, pg_sleep(0.001)").map { $0[0].string }
            case 1: return try await client.query("SELECT \(round)::text AS a, pg_sleep(3600)").map { $0[0].string }
            case 2:
                return try await client.pipeline(["SELECT \(round)::text AS a", "SELECT pg_sleep(0.0005)"])[0].map { $0[0].string }
            default:
                return try await client.withTransaction { connection in
                    _ = try await connection.query("SELECT pg_sleep(0.0002)")
                    return try await connection.query("SELECT \(round)::text AS a").map { $0[0].string }
                }
            }
        }
        let killer = Task {
            // The moment is what is random.
            try? await Task.sleep(for: .microseconds(pause))
            task.cancel()
        }
        do {
            #expect(try await task.value == ["\(round)"], "seed \(seed)")
        } catch let error as PostgresError {
            #expect(error.code == .cancelled, "seed \(seed): \(error)")
        }
        // Whoever comes next must get its own answer, and no stray cancel.
        let probe = "probe \(round) \(kind)"
        #expect(try await client.query("SELECT \(probe)::text AS p")[0]["p"].string == probe, "seed \(seed)")
        await killer.value
    }

    @Test func aWaitingAcquireIsCancelled() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            try await client.withConnection { _ in
                let task = Task { try await client.query("SELECT 1") }
                task.cancel()
                let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
                #expect(error?.code == .cancelled)
            }
            #expect(try await client.query("SELECT 1").count == 1)
        }
    }
}
