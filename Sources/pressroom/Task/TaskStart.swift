import ArgumentParser
import Client
import Foundation
import Workflow

struct TaskStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Starts a task; with --watch, shows it until its end and exits with 1 unless it completes.")

    @Argument(help: "The workflow's name.")
    var workflow: String

    @Option(help: "The workflow's version (default: the latest active one).")
    var version: String?

    @OptionGroup var input: TaskInput

    @Option(help: "-1000…1000; higher goes first.")
    var priority: Int?

    @Option(help: "ISO 8601: not before this time.")
    var runAt: String?

    @Option(help: "The conversation that the task belongs to.")
    var conversationID: String?

    @Option(help: "The same key with the same request answers the first task again.")
    var idempotencyKey: String?

    @Flag(help: "Show progress and texts as they are written.")
    var watch = false

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var request = TaskRequest(workflow: workflow, version: version, input: Data(try input.json().utf8))
        request.priority = priority
        request.runAt = runAt
        request.idempotencyKey = idempotencyKey
        request.context = conversationID.map { Data((["conversation_id": .string($0)] as JSON).utf8) }
        let finished = request
        try await client.withClient { client in
            let task = try await client.startTask(finished)
            if output.json {
                output.write(task.document)
            } else {
                Terminal.write(SafeText.line(watch ? "task \(task.id)" : task.id))
            }
            if watch { try await TaskWatcher(client: client, taskID: task.id, json: output.json).run() }
        }
    }
}
