import ArgumentParser
import Client

struct TaskShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows where a task stands, its outputs and its ranking.")

    @Argument(help: "The task's id.")
    var taskID: String

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let state = try await client.withClient { try await $0.taskState(taskID) }
        if output.json { return output.write(state.document) }
        let task = state.task
        Terminal.write("task      " + SafeText.line(task.id))
        Terminal.write("workflow  " + SafeText.line("\(task.workflowName) \(task.workflowVersion)"))
        Terminal.write("status    " + SafeText.line("\(task.status), \(Int(task.progress * 100)) %"))
        if let message = task.errorMessage { Terminal.write("error     " + SafeText.line(message)) }
        var phases = TextTable("PHASE", "KIND", "STATUS", "ERROR")
        for phase in state.phases { phases.add(phase.key, phase.kind, phase.status, phase.errorMessage ?? "-") }
        if !phases.rows.isEmpty { Terminal.write("\n" + phases.text) }
        Terminal.write(ResultSummary(state: state).text)
    }
}
