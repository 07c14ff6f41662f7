import ArgumentParser
import Client

struct TaskList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists tasks, the newest first.")

    @Option(help: "pending, running, waiting, paused, completed, failed or cancelled.")
    var status: String?

    @Option(help: "Only of this workflow.")
    var workflow: String?

    @Option(help: "Only of this conversation.")
    var conversationID: String?

    @OptionGroup var page: PageOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let tasks = try await client.withClient {
            try await $0.tasks(
                status: status, workflow: workflow, conversationID: conversationID, limit: page.limit, after: page.after)
        }
        if output.json { return output.write(tasks.document) }
        var table = TextTable("TASK", "WORKFLOW", "STATUS", "PHASE", "PROGRESS", "CREATED")
        for task in tasks.items {
            table.add(
                task.id, "\(task.workflowName) \(task.workflowVersion)", task.status, task.phase ?? "-",
                "\(Int(task.progress * 100)) %", task.createdAt)
        }
        Terminal.write(tasks.items.isEmpty ? "no tasks" : table.text)
        if let next = tasks.next { Terminal.write("more: --after \(SafeText.line(next))") }
    }
}
