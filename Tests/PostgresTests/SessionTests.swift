import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite("Sessions")
struct SessionTests {
    private func query(_ configuration: PostgresConfiguration, _ query: PostgresQuery) async throws -> String? {
        let client = PostgresClient(configuration: configuration, logger: try await PostgresServer.shared().logger)
        do {
            let text = try await client.query(query).first?[0].string
            await client.shutdown()
            return text
        } catch {
            await client.shutdown()
            throw error
        }
    }

    @Test func noSettingIsAStartUpOption() throws {
        var configuration = PostgresConfiguration(connectionString: "host=/tmp")
        configuration.sessionParameters = [("jit", "off")]
        #expect(try ConnectionParameters(configuration).values.allSatisfy { $0.0 != "options" })
        // Those of the connection string are its author's.
        configuration.connectionString = "host=/tmp options='-c geqo=off'"
        #expect(try ConnectionParameters(configuration).values.contains { $0 == ("options", "-c geqo=off") })
    }

    @Test(arguments: ["it's", "a \\ b", "\\'", "\"x\"", "line\nbreak", "", "$1 ?"], [true, false])
    func aSettingMayHaveAnyValue(value: String, isStandard: Bool) async throws {
        try await withDatabase { configuration in
            var configuration = configuration
            configuration.sessionParameters = [
                ("standard_conforming_strings", isStandard ? "on" : "off"), ("pressroom.test", value), ("work_mem", "5MB"),
            ]
            let setting = try await query(configuration, "SELECT current_setting('pressroom.test')")
            let memory = try await query(configuration, "SHOW work_mem")
            #expect(setting == value && memory == "5MB")
        }
    }

    @Test func aSettingThatDoesNotExistFailsAtOnce() async throws {
        try await withDatabase { configuration in
            var configuration = configuration
            configuration.acquireTimeout = .seconds(600)
            configuration.sessionParameters = [("no_such_setting", "1")]
            let wrong = configuration
            let error = await #expect(throws: PostgresError.self) { _ = try await query(wrong, "SELECT 1") }
            #expect(error?.code == .connectionFailed && error?.sqlState == "42704")
            #expect(error?.message.contains("no_such_setting") == true)
        }
    }

    @Test func namesElsewhereAreNotTaken() async throws {
        try await withDatabase { configuration in
            let name = try #require(try await query(configuration, "SELECT current_database()"))
            let client = PostgresClient(configuration: configuration, logger: try await PostgresServer.shared().logger)
            _ = try await client.withConnection { connection in
                try await connection.execute(
                    script: """
                        CREATE FUNCTION public.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
                        CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.never);
                        CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'shadow'::text $$;
                        CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'shadow'::text $$;
                        ALTER DATABASE \(name.quotedAsIdentifier) SET search_path = public, pg_catalog;
                        """)
            }
            await client.shutdown()
            #expect(try await query(configuration, "SELECT lower('A')") == "shadow")
            var pinned = configuration
            pinned.sessionParameters = [("search_path", "pg_catalog, pg_temp")]
            #expect(try await query(pinned, "SELECT lower('A')") == "a")
            #expect(try await query(pinned, "SELECT ('a'::text = 'a'::text)::text") == "true")
        }
    }

    @Test(arguments: ["LATIN1", "SQL_ASCII"])
    func anotherEncodingIsRefusedByName(encoding: String) async throws {
        let server = try await PostgresServer.shared()
        let name = "encoding_\(encoding.lowercased())"
        let admin = server.configuration.connecting(toDatabase: "postgres")
        _ = try await query(
            admin,
            "CREATE DATABASE \(identifier: name) ENCODING \(raw: encoding.quotedAsLiteral) LOCALE 'C' TEMPLATE template0")
        var configuration = server.configuration.connecting(toDatabase: name)
        configuration.acquireTimeout = .seconds(600)
        let wrong = configuration
        let error = await #expect(throws: PostgresError.self) { _ = try await query(wrong, "SELECT 1") }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("\(name) has the encoding \(encoding), and UTF8 is needed") == true, "\(String(describing: error))")
        _ = try await query(admin, "DROP DATABASE \(identifier: name)")
    }

    @Test func connectionsThatAcceptNoChangesAreReplaced() async throws {
        try await withDatabase { configuration in
            let name = try #require(try await query(configuration, "SELECT current_database()"))
            let admin = try await PostgresServer.shared().configuration.connecting(toDatabase: "postgres")
            _ = try await query(configuration, "CREATE TABLE t (a int)")
            _ = try await query(admin, "ALTER DATABASE \(identifier: name) SET default_transaction_read_only = on")
            var own = configuration
            own.maxConnections = 4
            let client = PostgresClient(configuration: own, logger: try await PostgresServer.shared().logger)
            // All of them are made, as to a server that has become a standby.
            try await client.withConnection { _ in
                try await client.withConnection { _ in
                    try await client.withConnection { _ in _ = try await client.query("SELECT 1") }
                }
            }
            let error = await #expect(throws: PostgresError.self) { _ = try await client.query("INSERT INTO t VALUES (1)") }
            #expect(error?.sqlState == PostgresError.SQLState.readOnly)
            _ = try await query(admin, "ALTER DATABASE \(identifier: name) RESET default_transaction_read_only")
            // One failure has replaced them all.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask { _ = try await client.query("INSERT INTO t VALUES (\(number))") }
                }
                try await group.waitForAll()
            }
            // In a transaction too.
            try await client.withTransaction { connection in _ = try await connection.query("INSERT INTO t VALUES (21)") }
            await client.shutdown()
        }
    }
}
