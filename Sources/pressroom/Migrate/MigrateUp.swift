import ArgumentParser
import Postgres

struct MigrateUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "up", abstract: "Applies every migration that waits.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let applied = try await DatabaseAccess(options.load()).withMigrator { try await $0.up() }
        for migration in applied { Terminal.write("applied \(migration.version) \(migration.name)") }
        if applied.isEmpty { Terminal.write("nothing to apply") }
    }
}
