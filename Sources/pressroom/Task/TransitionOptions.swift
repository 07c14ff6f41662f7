import ArgumentParser
import Client

/// What the commands that change a task's status take.
struct TransitionOptions: ParsableArguments {
    @Argument(help: "The task's id.")
    var taskID: String

    @Option(help: "Only when the row still has this version.")
    var ifVersion: Int?

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run(_ transition: TaskTransition) async throws {
        let task = try await client.withClient {
            try await $0.transitionTask(taskID, transition, ifVersion: ifVersion)
        }
        if output.json { return output.write(task.document) }
        Terminal.write(SafeText.line("task \(task.id) is \(task.status)"))
    }
}
