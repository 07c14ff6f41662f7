import Base
import ArgumentParser
import Postgres
import Workflow

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Applies or reverts the database's migrations, or lists them.",
        subcommands: [MigrateUp.self, MigrateDown.self, MigrateStatus.self])
}

struct MigrateUp: CleansUp {
    static let configuration = CommandConfiguration(commandName: "up", abstract: "Applies every pending migration.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let applied = try await DatabaseAccess(options.load()).withMigrator { try await $0.up() }
        for migration in applied { Terminal.write("applied \(migration.version) \(migration.name)") }
        if applied.isEmpty { Terminal.write("nothing to apply") }
    }
}

struct MigrateDown: CleansUp {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Reverts migrations, and deletes the data in their tables.")

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "How many to revert.")
    var steps: Int?

    @Option(help: "Revert everything after this version; 0 reverts all.")
    var to: Int?

    func validate() throws {
        if steps != nil, to != nil { throw ValidationError("give --steps or --to, not both") }
        if let steps, steps < 1 { throw ValidationError("--steps must be at least 1") }
        if let to, to < 0 { throw ValidationError("--to must be at least 0") }
    }

    func run() async throws {
        let taken = try await DatabaseAccess(options.load()).withMigrator { migrator in
            if let to { return try await migrator.down(to: to) }
            return try await migrator.down(steps: steps ?? 1)
        }
        for migration in taken { Terminal.write("took back \(migration.version) \(migration.name)") }
        if taken.isEmpty { Terminal.write("nothing to take back") }
    }
}

struct MigrateStatus: CleansUp {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Lists the migrations; exits with 1 unless all are applied.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let migrations = try await DatabaseAccess(options.load()).withMigrator { try await $0.status() }
        if output.json {
            Terminal.write(JSON.object(["items": .array(migrations.map(Self.json)), "next": .null]).text)
        } else {
            var table = TextTable("VERSION", "NAME", "STATE", "APPLIED AT")
            for migration in migrations {
                table.add("\(migration.version)", migration.name, migration.state.rawValue, migration.appliedAt ?? "-")
            }
            Terminal.write(table.text)
        }
        guard migrations.allSatisfy({ $0.state == .applied }) else { throw CommandFailure("") }
    }

    private static func json(_ migration: MigrationStatus) -> JSON {
        [
            "version": .integer(Int64(migration.version)), "name": .string(migration.name),
            "state": .string(migration.state.rawValue), "applied_at": migration.appliedAt.map(JSON.string) ?? .null,
        ]
    }
}
