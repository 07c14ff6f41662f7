import Base
import ArgumentParser
import Glibc

/// The command line: a service, and a client of services.
@main
struct PressroomCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pressroom",
        abstract: "Runs multi-phase writing workflows, and shows them as they happen.",
        discussion: "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the service cannot be reached.",
        version: Version.text,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, WorkflowCommand.self, TaskCommand.self, OutputCommand.self,
            InboxCommand.self, CallCommand.self, ScheduleCommand.self, DoctorCommand.self, SettingsCommand.self,
            MetricsCommand.self,
        ]
    )

    static func main() async {
        // A closed pipe is an error of the write, which decides what to do.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try await asyncParseAsRoot()
            if let command = command as? any CleansUp {
                try await Interruption.run(command)
            } else if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            ExitStatus.exit(with: error)
        }
    }
}

/// The version of this program.
enum Version {
    static let text = ServiceVersion.text
}
