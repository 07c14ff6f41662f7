import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Migrator")
struct MigratorTests {
    /// A directory with migrations, and a database.
    private func withMigrations(
        _ files: [String: String], _ body: (Migrator, PostgresClient, Directory) async throws -> Void
    ) async throws {
        let directory = Directory()
        defer { directory.remove() }
        for (name, text) in files { try directory.write(name, text) }
        try await withPostgresClient { client in
            let logger = try await PostgresServer.shared().logger
            try await body(Migrator(client: client, schema: "m", directory: directory.path, logger: logger), client, directory)
        }
    }

    struct Directory: Sendable {
        let path = NSTemporaryDirectory() + "/pressroom-migrations-\(UUID().uuidString)"

        func write(_ name: String, _ text: String) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        }

        func remove() { try? FileManager.default.removeItem(atPath: path) }
    }

    private static let two = [
        "0001_first.up.sql": "CREATE TABLE a (x int); INSERT INTO a VALUES (1);", "0001_first.down.sql": "DROP TABLE a",
        "0002_second.up.sql": "CREATE TABLE b (y int)", "0002_second.down.sql": "DROP TABLE b",
        "README.md": "not a migration",
    ]

    private func code(_ body: () async throws -> Void) async -> MigrationError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? MigrationError)?.code
        }
    }

    @Test func goesUpAndDown() async throws {
        try await withMigrations(Self.two) { migrator, client, _ async throws in
            #expect(try await migrator.status().map(\.state) == [.pending, .pending])
            #expect(await code { try await migrator.verify() } == .pending)
            #expect(try await migrator.up().map(\.version) == [1, 2])
            #expect(try await migrator.up().isEmpty)
            try await migrator.verify()
            #expect(try await client.query("SELECT x FROM m.a").count == 1)
            #expect(try await migrator.status().allSatisfy { $0.state == .applied && $0.appliedAt?.hasSuffix("Z") == true })
            #expect(try await migrator.down().map(\.name) == ["second"])
            #expect(try await migrator.status().map(\.state) == [.applied, .pending])
            #expect(try await migrator.up().map(\.version) == [2])
            #expect(try await migrator.down(to: 0).map(\.version) == [2, 1])
            #expect(try await client.query("SELECT to_regclass('m.a') IS NULL")[0].decode(0, as: Bool.self))
        }
    }

    @Test func aFailedMigrationLeavesNothingAndNamesTheLine() async throws {
        try await withMigrations(Self.two) { migrator, client, directory async throws in
            try directory.write("0003_third.up.sql", "CREATE TABLE c (z int);\n\nSELECT 1 FROM nowhere;\n")
            do {
                try await migrator.up()
                Issue.record("it passed")
            } catch let error as MigrationError {
                #expect(error.code == .failed)
                #expect(error.message.hasPrefix("0003_third.up.sql:3: "), "\(error)")
                #expect(error.cause?.sqlState == PostgresError.SQLState.undefinedTable)
            }
            #expect(try await migrator.status().map(\.state) == [.applied, .applied, .pending])
            #expect(try await client.query("SELECT to_regclass('m.c') IS NULL")[0].decode(0, as: Bool.self))
            try directory.write("0003_third.up.sql", "CREATE TABLE c (z int);")
            #expect(try await migrator.up().map(\.version) == [3])
        }
    }

    @Test func aMigrationThatCommitsByItselfAndFailsIsDirty() async throws {
        try await withMigrations(["0001_own.up.sql": "CREATE TABLE a (x int); COMMIT; SELECT 1/0"]) { migrator, _, _ async throws in
            #expect(await code { try await migrator.up() } == .failed)
            #expect(try await migrator.status().map(\.state) == [.dirty])
            #expect(await code { try await migrator.up() } == .dirty)
            #expect(await code { try await migrator.verify() } == .dirty)
            #expect(await code { try await migrator.down() } == .dirty)
        }
    }

    @Test func aChangedFileIsRefused() async throws {
        try await withMigrations(Self.two) { migrator, _, directory async throws in
            try await migrator.up()
            try directory.write("0001_first.up.sql", "CREATE TABLE a (x bigint)")
            try directory.write("0003_third.up.sql", "CREATE TABLE c (z int)")
            #expect(await code { try await migrator.up() } == .changed)
            #expect(await code { try await migrator.verify() } == .changed)
            #expect(try await migrator.status().map(\.state) == [.changed, .applied, .pending])
        }
    }

    @Test func aNewerDatabaseIsRefused() async throws {
        try await withMigrations(Self.two) { migrator, _, directory async throws in
            try directory.write("0003_third.up.sql", "CREATE TABLE c (z int)")
            try await migrator.up()
            try FileManager.default.removeItem(atPath: "\(directory.path)/0003_third.up.sql")
            #expect(await code { try await migrator.up() } == .newer)
            #expect(await code { try await migrator.verify() } == .newer)
            #expect(try await migrator.status().last?.state == .missing)
        }
    }

    @Test func aDatabaseOfAnUnreleasedVersionIsRefusedAndKept() async throws {
        try await withMigrations(Self.two) { migrator, client, directory async throws in
            try directory.write("0003_third.up.sql", "CREATE TABLE c (z int)")
            try await migrator.up()
            directory.remove()
            try directory.write("0001_tables.up.sql", "CREATE TABLE t (x int)")
            try directory.write("0001_tables.down.sql", "DROP TABLE t")
            try directory.write("0002_second.up.sql", "CREATE TABLE b (y int)")
            #expect(await code { try await migrator.up() } == .unreleased)
            #expect(await code { try await migrator.verify() } == .unreleased)
            #expect(await code { _ = try await migrator.status() } == .unreleased)
            #expect(await code { try await migrator.down() } == .unreleased)
            #expect(await code { try await migrator.down(to: 0) } == .unreleased)
            do {
                try await migrator.up()
            } catch let error as MigrationError {
                #expect(error.message.hasPrefix("the database was made by an unreleased version"), "\(error)")
                #expect(error.message.contains("migration 1 is first, not tables"), "\(error)")
            }
            let rows = try await client.query("SELECT name, dirty FROM m.schema_migrations ORDER BY version")
            #expect(try rows.map { try $0.decode("name", as: String.self) } == ["first", "second", "third"])
            #expect(try rows.allSatisfy { try !$0.decode("dirty", as: Bool.self) })
            #expect(try await client.query("SELECT x FROM m.a").count == 1)
            #expect(try await client.query("SELECT to_regclass('m.t') IS NULL")[0].decode(0, as: Bool.self))
        }
    }

    @Test func manyNodesStartAtOnce() async throws {
        try await withMigrations(Self.two) { migrator, client, _ async throws in
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await migrator.up().count } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.sorted() == [0, 0, 0, 0, 0, 0, 0, 2])
            #expect(try await client.query("SELECT x FROM m.a").count == 1)
        }
    }

    @Test(arguments: [
        ["1_a.up.sql": "", "01_b.up.sql": ""], ["first.sql": ""], ["0001_a.down.sql": ""], ["0000_a.up.sql": ""],
        ["0001_a.up.sql": "", "0001_b.down.sql": ""],
    ])
    func badFilesAreRefused(files: [String: String]) async throws {
        try await withMigrations(files) { migrator, _, _ async throws in
            #expect(await code { try await migrator.up() } == .files)
        }
    }

    @Test func aWayBackThatDropsItsOwnTableIsFine() async throws {
        let files = ["0001_a.up.sql": "CREATE TABLE a ()", "0001_a.down.sql": "DROP SCHEMA m CASCADE"]
        try await withMigrations(files) { migrator, _, _ async throws in
            try await migrator.up()
            #expect(try await migrator.down().count == 1)
            #expect(try await migrator.up().count == 1)
        }
    }

    @Test func withoutAWayBackDownIsRefused() async throws {
        try await withMigrations(["0001_a.up.sql": "CREATE TABLE a ()"]) { migrator, _, _ async throws in
            try await migrator.up()
            #expect(await code { try await migrator.down() } == .irreversible)
        }
    }

    /// An administrator has made the schema for it.
    @Test func aRoleWithoutRightsInTheDatabaseUsesTheSchemaThatItWasGiven() async throws {
        let role = "owns_a_schema_only"
        let logger = try await PostgresServer.shared().logger
        try await withPostgresClient { client in
            _ = try await client.query("CREATE ROLE \(identifier: role) LOGIN")
            let own = PostgresClient(configuration: client.configuration.connecting(asUser: role), logger: logger)
            let migrator = Migrator(client: own, directory: PostgresTestDirectory.migrations, logger: logger)
            let refused = await #expect(throws: PostgresError.self) { try await migrator.up() }
            #expect(refused?.sqlState == "42501", "\(String(describing: refused))")
            _ = try await client.query("CREATE SCHEMA pressroom AUTHORIZATION \(identifier: role)")
            #expect(try await migrator.up().count > 5)
            try await migrator.verify()
            await own.shutdown()
            _ = try await client.query("DROP OWNED BY \(identifier: role) CASCADE")
            _ = try await client.query("DROP ROLE \(identifier: role)")
        }
    }

    @Test func theRepositorysMigrationsApply() async throws {
        try await withPostgresClient(migrated: true) { client in
            let migrator = Migrator(
                client: client, directory: PostgresTestDirectory.migrations,
                logger: try await PostgresServer.shared().logger
            )
            try await migrator.verify()
        }
    }
}
