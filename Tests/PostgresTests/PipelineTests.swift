import Base
import Postgres
import TestSupport
import Testing

@Suite("Pipelines")
struct PipelineTests {
    @Test func answersInOrder() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            for size in [1, 2, 50, 600] {
                let results = try await client.pipeline((0..<size).map { "SELECT \($0)::int AS n" })
                #expect(try results.map { try $0[0].decode("n", as: Int.self) } == Array(0..<size))
            }
            #expect(try await client.pipeline([]).isEmpty)
        }
    }

    @Test func manyDifferentStatementsPassThroughTheCache() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            for round in 0..<3 {
                let results = try await client.pipeline((0..<400).map { .init(sql: "SELECT \($0) + \(round) AS n") })
                #expect(try results.map { try $0[0].decode("n", as: Int.self) } == (0..<400).map { $0 + round })
            }
            _ = try await client.query("SELECT 'one more round, in which the evicted are dropped'")
            let prepared = try await client.query("SELECT count(*) FROM pg_prepared_statements")[0].decode(0, as: Int.self)
            #expect(prepared <= 257)
        }
    }

    @Test func theFirstErrorUndoesAll() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            _ = try await client.query("CREATE TABLE t (a int)")
            let error = await #expect(throws: PostgresError.self) {
                _ = try await client.pipeline([
                    "INSERT INTO t VALUES (1)", "SELECT 1/0 AS oops", "INSERT INTO t VALUES (2)",
                ])
            }
            #expect(error?.sqlState == "22012")
            #expect(error?.query == "SELECT 1/0 AS oops")
            #expect(try await client.query("SELECT count(*) FROM t")[0].decode(0, as: Int.self) == 0)
        }
    }

    @Test(arguments: [0, 1, 2])
    func aSyntaxErrorAnywhereLeavesTheCacheTrue(position: Int) async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            var queries: [PostgresQuery] = ["SELECT 1 AS a", "SELECT 2 AS b"]
            queries.insert("SELEC 3", at: position)
            for _ in 0..<2 {
                let error = await #expect(throws: PostgresError.self) { _ = try await client.pipeline(queries) }
                #expect(error?.sqlState == "42601")
            }
            let results = try await client.pipeline(["SELECT 1 AS a", "SELECT 2 AS b"])
            #expect(results.map { $0[0][0].string } == ["1", "2"])
        }
    }

    @Test func insideATransactionTheErrorFailsIt() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            _ = try await client.query("CREATE TABLE t (a int)")
            await #expect(throws: PostgresError.self) {
                try await client.withTransaction { connection in
                    _ = try await connection.pipeline(["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"])
                    _ = try await connection.pipeline(["INSERT INTO t VALUES (3)", "SELECT 1/0", "SELECT 1"])
                }
            }
            #expect(try await client.query("SELECT count(*) FROM t")[0].decode(0, as: Int.self) == 0)
        }
    }

    @Test func localSettingsLastUntilThePipelineEnds() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            let results = try await client.pipeline([
                "SELECT set_config('pressroom.tenant', \("acme"), true)",
                "SELECT current_setting('pressroom.tenant')",
            ])
            #expect(results[1][0][0].string == "acme")
            let after = try await client.query("SELECT current_setting('pressroom.tenant', true)")
            #expect(after[0][0].string ?? "" == "")
        }
    }

    /// More than both socket buffers hold, in both directions at once.
    @Test func largePipelinesDoNotDeadlock() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            let text = String(repeating: "x", count: 100_000)
            let results = try await client.pipeline((0..<100).map { _ in "SELECT \(text)::text AS a" })
            #expect(results.allSatisfy { $0[0]["a"].withUnsafeBytes { $0?.count } == text.utf8.count })
        }
    }
}
