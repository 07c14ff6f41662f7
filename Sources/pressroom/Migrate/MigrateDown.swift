import ArgumentParser
import Postgres

struct MigrateDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Takes migrations back, with the data that is in their tables.")

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "How many to take back.")
    var steps: Int?

    @Option(help: "Take back everything after this version; 0 takes back all.")
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
