import Base
import Postgres
import TestSupport
import Testing

@Suite("Transactions")
struct TransactionTests {
    private struct Stop: Error {}

    private func withTable(_ body: (PostgresClient) async throws -> Void) async throws {
        try await withPostgresClient(maxConnections: 2) { client in
            _ = try await client.query("CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            try await body(client)
        }
    }

    private func count(_ client: PostgresClient) async throws -> Int {
        try await client.query("SELECT count(*) AS n FROM t")[0].decode("n")
    }

    @Test func commits() async throws {
        try await withTable { client in
            let value = try await client.withTransaction { connection in
                _ = try await connection.query("INSERT INTO t VALUES (1)")
                #expect(try await count(client) == 0)
                return 42
            }
            #expect(value == 42)
            #expect(try await count(client) == 1)
        }
    }

    @Test func rollsBackWhenTheBodyThrows() async throws {
        try await withTable { client async throws in
            await #expect(throws: Stop.self) {
                try await client.withTransaction { connection in
                    _ = try await connection.query("INSERT INTO t VALUES (1)")
                    throw Stop()
                }
            }
            #expect(try await count(client) == 0)
        }
    }

    @Test func aFailedCommitThrows() async throws {
        try await withTable { client async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { connection in
                    _ = try await connection.query("INSERT INTO t VALUES (1), (1)")
                }
            }
            #expect(error?.sqlState == PostgresError.SQLState.uniqueViolation)
            #expect(try await count(client) == 0)
        }
    }

    @Test func aSwallowedErrorDoesNotPassAsACommit() async throws {
        try await withTable { client async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { connection in
                    _ = try await connection.query("INSERT INTO t VALUES (1)")
                    _ = try? await connection.query("SELECT 1/0")
                }
            }
            #expect(error?.code == .transactionAborted)
            #expect(try await count(client) == 0)
        }
    }

    @Test(arguments: IsolationLevel.allCases, [true, false])
    func beginsAsAsked(isolation: IsolationLevel, readOnly: Bool) async throws {
        try await withTable { client in
            try await client.withTransaction(isolation: isolation, readOnly: readOnly) { connection in
                let row = try await connection.query(
                    "SELECT current_setting('transaction_isolation') AS i, current_setting('transaction_read_only') AS r"
                )[0]
                #expect(row["i"].string == isolation.rawValue.lowercased())
                #expect(row["r"].string == (readOnly ? "on" : "off"))
            }
        }
    }

    @Test func aCancelledTaskRollsBack() async throws {
        try await withTable { client async throws in
            let task = Task {
                try await client.withTransaction { connection in
                    _ = try await connection.query("INSERT INTO t VALUES (1)")
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            await #expect(throws: PostgresError.self) { try await task.value }
            #expect(try await count(client) == 0)
        }
    }

    @Test func aTransactionLeftOpenDoesNotReachTheNextUser() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            let first = try await client.withConnection { connection in
                _ = try await connection.query("BEGIN")
                return connection.processID
            }
            try await client.withConnection { connection in
                #expect(connection.processID != first)
                #expect(!connection.isInTransaction)
            }
        }
    }
}
