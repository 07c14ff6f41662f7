import ArgumentParser
import Postgres
import Workflow

struct MigrateStatus: AsyncParsableCommand {
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
