import ArgumentParser

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Brings the database's schema up or down, or shows where it stands.",
        subcommands: [MigrateUp.self, MigrateDown.self, MigrateStatus.self])
}
