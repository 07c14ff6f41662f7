import Base
import ArgumentParser
import Client
import Foundation
import Workflow

struct InboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox", abstract: "Lists and completes the tasks that wait for a person.",
        subcommands: [InboxList.self, InboxComplete.self])
}

struct InboxList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists human tasks, the newest first: the open ones, unless told otherwise.")

    @Option(help: "Some of pending, claimed, completed, cancelled, expired, with commas between them.")
    var status = "pending,claimed"

    @Option(help: "Only those for this user.")
    var assignee: String?

    @Option(help: "Only those for this group.")
    var group: String?

    @Flag(help: "Only open ones that are overdue.")
    var overdue = false

    @OptionGroup var page: PageOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let tasks = try await client.withClient {
            try await $0.humanTasks(
                status: status, assignee: assignee, group: group, isOverdue: overdue ? true : nil, limit: page.limit,
                after: page.after)
        }
        if output.json { return output.write(tasks.document) }
        var table = TextTable("HUMAN TASK", "TITLE", "STATUS", "FOR", "DUE")
        for task in tasks.items {
            let claimed = task.status == "claimed" ? task.claimedBy.map { "claimed by \($0)" } : nil
            table.add(
                task.id, task.title, claimed ?? task.status, task.assigneeID ?? task.assigneeGroup ?? "-",
                LocalTime.text(task.dueAt))
        }
        page.write(table, next: tasks.next, ifEmpty: "nothing to do")
    }
}

struct InboxComplete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete", abstract: "Completes a human task; its workflow continues.")

    @Argument(help: "The human task's id.")
    var id: String

    @OptionGroup var input: TaskInput

    @Option(help: "Only if the row still has this version.")
    var ifVersion: Int?

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let data = Data(try input.json().utf8)
        let task = try await client.withClient {
            try await $0.completeHumanTask(id, data: data, ifVersion: ifVersion)
        }
        if output.json { return output.write(task.document) }
        Terminal.write(SafeText.line("human task \(task.id) is \(task.status)"))
    }
}
