import Postgres
import TestSupport
import Testing

@Suite("Errors")
struct ErrorTests {
    @Test func serverErrorsCarryTheirFields() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            _ = try await client.query("CREATE TABLE t (a int CONSTRAINT positive CHECK (a > 0), b int UNIQUE)")
            _ = try await client.query("INSERT INTO t VALUES (1, 1)")
            let check = await #expect(throws: PostgresError.self) {
                _ = try await client.query("INSERT INTO t VALUES (\(-1))")
            }
            #expect(check?.code == .server)
            #expect(check?.sqlState == PostgresError.SQLState.checkViolation)
            #expect(check?.constraint == "positive")
            #expect(check?.table == "t")
            #expect(check?.query == "INSERT INTO t VALUES ($1)")
            let unique = await #expect(throws: PostgresError.self) {
                _ = try await client.query("INSERT INTO t VALUES (2, 1)")
            }
            #expect(unique?.sqlState == PostgresError.SQLState.uniqueViolation)
            #expect(unique?.constraint == "t_b_key")
            #expect(unique?.detail == "Key (b)=(1) already exists.")
        }
    }

    @Test(arguments: [
        ("SELEC 1", "42601"), ("SELECT * FROM nowhere", "42P01"), ("SELECT 1/0", "22012"), ("SELECT 'x'::int", "22P02"),
        ("SELECT 1; SELECT 2", "42601"),
    ])
    func errorsLeaveTheConnectionUsable(sql: String, sqlState: String) async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            let before = try await client.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self)
            for _ in 0..<3 {
                let error = await #expect(throws: PostgresError.self) { _ = try await client.query(.init(sql: sql)) }
                #expect(error?.sqlState == sqlState)
            }
            #expect(try await client.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self) == before)
        }
    }

    @Test func unsendableQueriesAreRefused() async throws {
        try await withPostgresClient(maxConnections: 1) { client async throws in
            for query in [
                PostgresQuery(sql: "SELECT 1\0"), "SELECT \("a\0b")::text",
                PostgresQuery(sql: "SELECT 1", parameters: .init(repeating: .init(1), count: 65_536)),
            ] {
                let error = await #expect(throws: PostgresError.self) { _ = try await client.query(query) }
                #expect(error?.code == .invalidQuery)
            }
            #expect(try await client.query("SELECT 1").count == 1)
        }
    }

    @Test func copyIsRefusedAndTheConnectionReplaced() async throws {
        try await withPostgresClient(maxConnections: 1) { client in
            _ = try await client.query("CREATE TABLE t (a int)")
            for sql in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
                let error = await #expect(throws: PostgresError.self) {
                    try await client.withConnection { _ = try await $0.execute(script: sql) }
                }
                #expect(error?.code == .unsupported)
            }
            #expect(try await client.query("SELECT 1").count == 1)
        }
    }

    @Test func theStatementTimeoutStopsAStatement() async throws {
        try await withDatabase { configuration in
            var configuration = configuration
            configuration.statementTimeout = .milliseconds(20)
            let client = PostgresClient(configuration: configuration, logger: try await PostgresServer.shared().logger)
            let error = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT pg_sleep(60)") }
            #expect(error?.code == .timeout)
            #expect(error?.sqlState == PostgresError.SQLState.queryCancelled)
            await client.shutdown()
        }
    }

    @Test func decodingSaysWhatIsWrong() async throws {
        try await withPostgresClient { client in
            let row = try await client.query("SELECT 'abc' AS a, NULL::text AS b, 300 AS c")[0]
            func message<T: PostgresDecodable>(_ column: String, _ type: T.Type) -> String? {
                do throws(PostgresError) {
                    _ = try row.decode(column, as: type)
                    return nil
                } catch {
                    return error.code == .decoding ? error.message : nil
                }
            }
            #expect(message("a", Int.self)?.contains("\"a\": \"abc\"") == true)
            #expect(message("b", String.self)?.contains("NULL") == true)
            #expect(message("x", String.self)?.contains("a, b, c") == true)
            #expect(message("a", [Int].self) != nil)
            #expect(message("c", Bool.self) != nil)
            #expect(message("c", Int16.self) == nil)
            #expect(try row.decode("b", as: Int?.self) == nil)
        }
    }

    @Test(arguments: [
        ("postgres://[", PostgresError.Code.invalidConfiguration), ("nonsense", .invalidConfiguration),
        ("host=/nowhere/at/all", .connectionFailed),
    ])
    func unusableConnectionStringsSaySo(text: String, code: PostgresError.Code) async throws {
        var configuration = PostgresConfiguration(connectionString: text)
        configuration.acquireTimeout = code == .connectionFailed ? .milliseconds(200) : .seconds(600)
        let client = PostgresClient(configuration: configuration, logger: try await PostgresServer.shared().logger)
        let error = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT 1") }
        #expect(error?.code == code)
        await client.shutdown()
    }

    @Test func wrongDatabasesAndUsersFailAtOnce() async throws {
        let server = try await PostgresServer.shared()
        for (configuration, sqlState) in [
            (server.configuration.connecting(toDatabase: "nowhere"), "3D000"),
            (server.configuration.connecting(asUser: "nobody_at_all"), "28000"),
        ] {
            var configuration = configuration
            configuration.acquireTimeout = .seconds(600)
            let client = PostgresClient(configuration: configuration, logger: server.logger)
            let error = await #expect(throws: PostgresError.self) { _ = try await client.query("SELECT 1") }
            #expect(error?.code == .connectionFailed)
            #expect(error?.sqlState == sqlState)
            #expect(error?.message.contains("LOCATION") == false)
            await client.shutdown()
        }
    }
}
