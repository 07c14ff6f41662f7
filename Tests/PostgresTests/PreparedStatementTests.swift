import Base
import Postgres
import TestSupport
import Testing

@Suite("Prepared statements")
struct PreparedStatementTests {
    @Test func aChangedTableIsNoticed() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            _ = try await client.query("CREATE TABLE t (a int)")
            _ = try await client.query("INSERT INTO t VALUES (1)")
            #expect(try await client.query("SELECT * FROM t").columns == ["a"])
            _ = try await client.query("ALTER TABLE t ADD COLUMN b int DEFAULT 2")
            #expect(try await client.query("SELECT * FROM t").columns == ["a", "b"])
            _ = try await client.query("ALTER TABLE t ALTER COLUMN a TYPE text")
            let results = try await client.pipeline(["SELECT 1", "SELECT * FROM t", "SELECT 2"])
            #expect(results[1].columns == ["a", "b"])
        }
    }

    @Test(arguments: ["DISCARD ALL", "DEALLOCATE ALL"])
    func lostStatementsArePreparedAgain(sql: String) async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            for _ in 0..<3 {
                #expect(try await client.query("SELECT \(1)::int AS n")[0]["n"].string == "1")
                #expect(try await client.pipeline(["SELECT 2 AS n", "SELECT 3 AS n"]).count == 2)
                try await client.withConnection { _ = try await $0.execute(script: sql) }
            }
        }
    }

    /// Inside a transaction the statement cannot be repeated, but the next transaction works.
    @Test func insideATransactionAStalePlanFailsOnce() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            _ = try await client.query("CREATE TABLE t (a int)")
            _ = try await client.query("SELECT * FROM t")
            _ = try await client.query("ALTER TABLE t ADD COLUMN b int")
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { _ = try await $0.query("SELECT * FROM t") }
            }
            #expect(error?.sqlState == PostgresError.SQLState.featureNotSupported)
            let columns = try await client.withTransaction { try await $0.query("SELECT * FROM t").columns }
            #expect(columns == ["a", "b"])
        }
    }

    @Test func statementsArePreparedOnce() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            for n in 0..<5 { _ = try await client.query("SELECT \(n)::int AS x") }
            let rows = try await client.query(
                "SELECT generic_plans + custom_plans AS uses FROM pg_prepared_statements WHERE statement = \("SELECT $1::int AS x")"
            )
            #expect(try rows.map { try $0.decode("uses", as: Int.self) } == [5])
        }
    }
}
