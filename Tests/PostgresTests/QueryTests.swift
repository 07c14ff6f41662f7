import Base
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Queries")
struct QueryTests {
    @Test func selectsRows() async throws {
        try await withPostgresClient { client in
            let result = try await client.query("SELECT n, 'row ' || n AS name FROM generate_series(1, 3) n")
            #expect(result.count == 3)
            #expect(result.columns == ["n", "name"])
            #expect(try result.map { try $0.decode("n", as: Int.self) } == [1, 2, 3])
            #expect(result[2]["name"].string == "row 3")
            #expect(result.commandTag == "SELECT 3")
        }
    }

    @Test func countsChangedRows() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            _ = try await client.query("CREATE TEMPORARY TABLE t (a int)")
            #expect(try await client.query("INSERT INTO t SELECT generate_series(1, 7)").affectedRows == 7)
            #expect(try await client.query("UPDATE t SET a = a + 1 WHERE a > \(3)").affectedRows == 4)
            #expect(try await client.query("DELETE FROM t").affectedRows == 7)
        }
    }

    @Test func bindsValuesAndNeverSplicesThem() async throws {
        try await withPostgresClient { client in
            let evil = "'; DROP TABLE users; -- \\ \" $1 \u{1F5DE}"
            let row = try await client.query("SELECT \(evil)::text AS a, \(nil as String?)::text IS NULL AS b")[0]
            #expect(row["a"].string == evil)
            #expect(try row.decode("b", as: Bool.self))
        }
    }

    @Test func partsKeepTheirValues() async throws {
        try await withPostgresClient { client in
            let inner: PostgresQuery = "SELECT \(1)::int + \(2)::int AS a, \("$1")::text AS b"
            let row = try await client.query(
                "SELECT \(10)::int + x.a AS sum, x.b || \("!")::text AS text, \(12)::int AS last FROM (\(part: inner)) x")[0]
            #expect(try row.decode("sum", as: Int.self) == 13)
            #expect(row["text"].string == "$1!")
            #expect(row["last"].string == "12")
        }
    }

    @Test func valuesSurviveTheRoundTrip() async throws {
        try await withPostgresClient { client in
            func echo<T: PostgresEncodable & PostgresDecodable & Equatable & Sendable>(
                _ value: T, _ type: String
            ) async throws {
                let row = try await client.query("SELECT \(value)::\(raw: type) AS v")[0]
                #expect(try row.decode("v", as: T.self) == value, "\(type)")
            }
            try await echo(Int64.min, "int8")
            try await echo(Int.max, "int8")
            try await echo(Int16.min, "int2")
            try await echo(Int32.max, "int4")
            try await echo(true, "bool")
            try await echo(0.1 + 0.2, "float8")
            try await echo(-Double.infinity, "float8")
            try await echo(Double.leastNonzeroMagnitude, "float8")
            try await echo("", "text")
            try await echo(UUID(), "uuid")
            try await echo(nil as Int?, "int")
            try await echo(5 as Int?, "int")
            try await echo(PostgresBytes([0, 1, 255, 92, 39]), "bytea")
            try await echo([] as [String], "text[]")
            try await echo(["a", "", "NULL", "{\"b\",c}", "\\", "é\n"], "text[]")
            try await echo([1, nil, 3] as [Int?], "int[]")
            try await echo([[1, 2], [3, 4]], "int[]")
            try await echo([["x,y", "}"], ["\"", "{"]], "text[]")
            try await echo(Date(timeIntervalSince1970: 1_769_860_800.123456), "timestamptz")
            try await echo(Date(timeIntervalSince1970: -62_135_596_801), "timestamptz")
        }
    }

    @Test func sendsDurationsAsIntervals() async throws {
        try await withPostgresClient { client in
            let duration = Duration.milliseconds(-90_061_001)
            let row = try await client.query("SELECT extract(epoch FROM \(duration)::interval)::float8 AS s")[0]
            #expect(try row.decode("s", as: Double.self) == -90_061.001)
        }
    }

    @Test func largeValuesPassBothWays() async throws {
        try await withPostgresClient { client in
            let text = String(repeating: "Nachricht \u{1F5DE} ", count: 700_000)
            let row = try await client.query("SELECT \(text)::text AS a, length(\(text)::text) AS n")[0]
            #expect(row["a"].string == text)
            #expect(try row.decode("n", as: Int.self) == text.unicodeScalars.count)
        }
    }

    @Test func sessionSettingsHold() async throws {
        try await withDatabase { configuration in
            var configuration = configuration
            configuration.sessionParameters = [("search_path", "one, \"two three\""), ("work_mem", "5MB")]
            configuration.statementTimeout = .seconds(7)
            let client = PostgresClient(configuration: configuration, logger: try await PostgresServer.shared().logger)
            func setting(_ name: String) async throws -> String? {
                try await client.query("SELECT current_setting(\(name))")[0][0].string
            }
            #expect(try await setting("TimeZone") == "UTC")
            #expect(try await setting("client_encoding") == "UTF8")
            #expect(try await setting("application_name") == "pressroom")
            #expect(try await setting("search_path") == "one, \"two three\"")
            #expect(try await setting("work_mem") == "5MB")
            #expect(try await setting("statement_timeout") == "7s")
            await client.shutdown()
        }
    }

    @Test func runsScripts() async throws {
        try await withPostgresClient { client in
            try await client.withConnection { connection in
                let results = try await connection.execute(
                    script: "CREATE TEMPORARY TABLE t (a text); INSERT INTO t VALUES ('x;y'), ($$;$$); SELECT a FROM t"
                )
                #expect(results.map(\.commandTag) == ["CREATE TABLE", "INSERT 0 2", "SELECT 2"])
                #expect(try await connection.execute(script: "").map(\.count) == [0])
            }
        }
    }

    @Test func statementsOnOneConnectionTakeTurns() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            try await client.withConnection { connection in
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for n in 0..<200 {
                        group.addTask { try await connection.query("SELECT \(n)::int AS n")[0].decode("n") }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(sum == 199 * 200 / 2)
            }
        }
    }
}
