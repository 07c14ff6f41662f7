import ArgumentParser
import Client
import Foundation

struct TaskSignal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal",
        abstract: "Sends a signal to a task; kept when it comes before the phase that waits for it.")

    @Argument(help: "The task's id.")
    var taskID: String

    @Argument(help: "The signal's name.")
    var name: String

    @Option(help: ArgumentHelp("What comes with the signal, as JSON.", valueName: "json"))
    var data = "{}"

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.withClient { try await $0.signal(name, to: taskID, data: Data(data.utf8)) }
        Terminal.write(SafeText.line("sent \(name) to task \(taskID)"))
    }
}
