import ArgumentParser
import Base
import Client

struct TaskResult: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Writes what a completed task brought, and nothing else; exits with 1 when it has no result.",
        discussion: "The winning draft's text, or the output of the last phase: a text as it is, anything else as JSON.")

    @Argument(help: "The task's id.")
    var taskID: String

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let state = try await client.withClient { try await $0.taskState(taskID) }
        let task = state.task
        guard task.status == "completed" else {
            let reason = task.errorMessage.map { ": \($0)" } ?? ""
            throw CommandFailure(SafeText.line("task \(taskID) has no result; it is \(TaskProgress(state: state).text)\(reason)"))
        }
        if output.json { return Terminal.write((task.document.json["result"] ?? .null).text) }
        guard let value = ResultSummary(state: state).value else { throw CommandFailure("task \(taskID) has no result") }
        Terminal.write(ValueText.lines(value))
    }
}

struct TaskLogs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Writes the newest lines of a task's log, in the order of time.")

    @Argument(help: "The task's id.")
    var taskID: String

    @OptionGroup var page: PageOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let logs = try await client.withClient { try await $0.logs(of: taskID, limit: page.limit, after: page.after) }
        if output.json { return output.write(logs.document) }
        var table = TextTable("TIME", "LEVEL", "MESSAGE")
        for line in logs.items.reversed() { table.add(LocalTime.exact(line.createdAt), line.level, line.message) }
        page.write(table, next: logs.next, ifEmpty: "no log lines")
    }
}
