import ArgumentParser
import Client
import Foundation
import Workflow

struct TaskFork: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fork",
        abstract: "Starts a new task from a phase of an old one; what came before is taken over.",
        discussion: "From the first phase it replays the whole task. Without --input the old input is used.")

    @Argument(help: "The old task's id.")
    var taskID: String

    @Option(help: "The first phase to run again.")
    var phase: String

    @OptionGroup var input: TaskInput

    @Option(help: "The same key with the same request answers the first task again.")
    var idempotencyKey: String?

    @Flag(help: "Show progress and texts as they are written.")
    var watch = false

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let changed = input.isGiven ? Data(try input.json().utf8) : nil
        try await client.withClient { client in
            let task = try await client.forkTask(taskID, phase: phase, input: changed, idempotencyKey: idempotencyKey)
            if output.json {
                output.write(task.document)
            } else {
                Terminal.write(SafeText.line(watch ? "task \(task.id)" : task.id))
            }
            if watch { try await TaskWatcher(client: client, taskID: task.id, json: output.json).run() }
        }
    }
}
