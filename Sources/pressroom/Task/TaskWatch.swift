import ArgumentParser
import Client

struct TaskWatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follows a task to its end; exits with 1 unless it completes.",
        discussion: "In a terminal it draws; elsewhere it writes a line for each change, with --json one for each event.")

    @Argument(help: "The task's id.")
    var taskID: String

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await client.withClient { client in
            try await TaskWatcher(client: client, taskID: taskID, json: output.json).run()
        }
    }
}
