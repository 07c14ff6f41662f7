import Base
import ArgumentParser
import Client
import Foundation
import Workflow

struct TaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Starts, shows and controls tasks.",
        subcommands: [
            TaskStart.self, TaskList.self, TaskShow.self, TaskResult.self, TaskLogs.self, TaskWatch.self, TaskPause.self, TaskResume.self, TaskCancel.self,
            TaskRetry.self, TaskFork.self, TaskSignal.self,
        ])
}

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

    @Option(help: "A repeated request with the same key returns the first task.")
    var idempotencyKey: String?

    @OptionGroup var watching: WatchOptions
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
            try await watching.show(task, client, output)
        }
    }
}

struct TaskFork: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fork",
        abstract: "Starts a new task from a phase of an old one, with the results of the phases before.",
        discussion: "From the first phase it replays the whole task. Without --input the old input is used.")

    @Argument(help: "The old task's id.")
    var taskID: String

    @Option(help: "The first phase to run again.")
    var phase: String

    @OptionGroup var input: TaskInput

    @Option(help: "A repeated request with the same key returns the first task.")
    var idempotencyKey: String?

    @OptionGroup var watching: WatchOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let changed = input.isGiven ? Data(try input.json().utf8) : nil
        try await client.withClient { client in
            let task = try await client.forkTask(taskID, phase: phase, input: changed, idempotencyKey: idempotencyKey)
            try await watching.show(task, client, output)
        }
    }
}

/// What the commands show of a task that they have started.
struct WatchOptions: ParsableArguments {
    @Flag(help: "Show progress and texts as they are written.")
    var watch = false

    func show(_ task: TaskRecord, _ client: PressroomClient, _ output: OutputOptions) async throws {
        if output.json {
            output.write(task.document)
        } else {
            Terminal.write(SafeText.line(watch ? "task \(task.id)" : task.id))
        }
        if watch { try await TaskWatcher(client: client, taskID: task.id, json: output.json).run() }
    }
}

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
                // What ended before its time has no share of the way.
                ["failed", "cancelled"].contains(task.status) ? "-" : "\(Percent.of(task.progress)) %", LocalTime.text(task.createdAt))
        }
        page.write(table, next: tasks.next, ifEmpty: "no tasks")
    }
}

struct TaskShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a task: what each phase brought, questions and answers, and the result.")

    @Argument(help: "The task's id.")
    var taskID: String

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (isJSON, taskID) = (output.json, taskID)
        let (state, work) = try await client.withClient { client in
            let state = try await client.taskState(taskID)
            return (state, isJSON ? nil : try await TaskWork(of: state.task.id, client))
        }
        if output.json { return output.write(state.document) }
        Terminal.write(TaskReport(state: state, work: work, commands: NextCommand(baseURL: try client.address)).text)
    }
}

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

struct TaskPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stops the running steps of a task and starts no more.")

    @OptionGroup var options: TransitionOptions

    func run() async throws {
        try await options.run(.pause)
    }
}

struct TaskResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Continues a paused task.")

    @OptionGroup var options: TransitionOptions

    func run() async throws {
        try await options.run(.resume)
    }
}

struct TaskCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ends a task, and drops its running model calls.")

    @OptionGroup var options: TransitionOptions

    func run() async throws {
        try await options.run(.cancel)
    }
}

struct TaskRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Runs a failed task again from where it failed.")

    @OptionGroup var options: TransitionOptions

    func run() async throws {
        try await options.run(.retry)
    }
}

/// Arguments of the commands that change a task's status.
struct TransitionOptions: ParsableArguments {
    @Argument(help: "The task's id.")
    var taskID: String

    @Option(help: "Only if the row still has this version.")
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

struct TaskSignal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal",
        abstract: "Sends a signal to a task; it is kept until a phase waits for it.")

    @Argument(help: "The task's id.")
    var taskID: String

    @Argument(help: "The signal's name.")
    var name: String

    @Option(help: ArgumentHelp("The signal's data, as JSON.", valueName: "json"))
    var data = "{}"

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.withClient { try await $0.signal(name, to: taskID, data: Data(data.utf8)) }
        Terminal.write(SafeText.line("sent \(name) to task \(taskID)"))
    }
}
