import Base
import ArgumentParser
import Client
import Foundation
import Workflow

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Starts tasks at the times of cron expressions.",
        subcommands: [
            ScheduleCreate.self, ScheduleList.self, ScheduleShow.self, SchedulePause.self, ScheduleResume.self,
            ScheduleDelete.self,
        ])
}

struct ScheduleCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Adds a schedule from a file, from options, or from a file with options over it.",
        discussion: "For example: pressroom schedule create --workflow launch-post --cron '30 6 * * mon-fri'")

    @Argument(help: "A YAML or JSON file with the schedule's keys; - for standard input.")
    var file: String?

    @OptionGroup var values: ScheduleOptions

    @Option(help: "A repeated request with the same key returns the first schedule.")
    var idempotencyKey: String?

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let body = Data(try values.json(over: file).utf8)
        let schedule = try await client.withClient {
            try await $0.createSchedule(body, idempotencyKey: idempotencyKey)
        }
        if output.json { return output.write(schedule.document) }
        Terminal.write(ScheduleText.line(schedule))
    }
}

struct ScheduleList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists schedules, the newest first.")

    enum Kind: String, EnumerableFlag {
        case enabled, paused

        static func help(for kind: Kind) -> ArgumentHelp? {
            kind == .enabled ? "Only those that fire." : "Only those that are paused."
        }
    }

    @Option(help: "Only of this workflow.")
    var workflow: String?

    @Flag var kind: Kind?

    @OptionGroup var page: PageOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let schedules = try await client.withClient {
            try await $0.schedules(
                workflow: workflow, isEnabled: kind.map { $0 == .enabled }, limit: page.limit, after: page.after)
        }
        if output.json { return output.write(schedules.document) }
        var table = TextTable("SCHEDULE", "WORKFLOW", "CRON", "ZONE", "NEXT", "LAST")
        for schedule in schedules.items {
            table.add(
                schedule.id, [schedule.workflowName, schedule.workflowVersion].compactMap(\.self).joined(separator: " "),
                schedule.cron, schedule.timezone, LocalTime.text(ScheduleText.next(schedule)),
                schedule.lastErrorMessage.map { "failed: \($0)" } ?? LocalTime.text(schedule.lastRunAt))
        }
        page.write(table, next: schedules.next, ifEmpty: "no schedules")
    }
}

struct ScheduleShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a schedule: when it fires, and the result of its last time.")

    @Argument(help: "The schedule's id.")
    var id: String

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let schedule = try await client.withClient { try await $0.schedule(id) }
        if output.json { return output.write(schedule.document) }
        for (name, value) in [
            ("schedule", schedule.id),
            ("workflow", "\(schedule.workflowName) \(schedule.workflowVersion ?? "(the latest active version)")"),
            ("cron", "\(schedule.cron) (\(schedule.timezone))"), ("misfire", schedule.misfire),
            ("next", LocalTime.text(ScheduleText.next(schedule))), ("last", schedule.lastRunAt.map(LocalTime.text)), ("last task", schedule.lastTaskID),
            ("error", schedule.lastErrorMessage),
        ] {
            guard let value else { continue }
            Terminal.write(DisplayWidth.padded(name, 9) + "  " + SafeText.line(value))
        }
    }
}

struct SchedulePause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stops a schedule from firing; its tasks continue.")

    @OptionGroup var options: ScheduleChangeOptions

    func run() async throws {
        try await options.enable(false)
    }
}

struct ScheduleResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lets a paused schedule fire again; missed times are not made up for.")

    @OptionGroup var options: ScheduleChangeOptions

    func run() async throws {
        try await options.enable(true)
    }
}

struct ScheduleDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Removes a schedule; its tasks stay.")

    @Argument(help: "The schedule's id.")
    var id: String

    @Option(help: "Only if the row still has this version.")
    var ifVersion: Int?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.withClient { try await $0.deleteSchedule(id, ifVersion: ifVersion) }
        Terminal.write(SafeText.line("schedule \(id) is deleted"))
    }
}

/// The keys of a schedule; the service checks their values.
struct ScheduleOptions: ParsableArguments {
    @Option(help: "The workflow's name.")
    var workflow: String?

    @Option(help: "The workflow's version (default: the latest active one, each time).")
    var version: String?

    @Option(help: "Five fields, or @hourly, @daily, @weekly, @monthly or @yearly.")
    var cron: String?

    @Option(help: "A name of the IANA database, such as Europe/Berlin (default: UTC).")
    var timezone: String?

    @Option(help: "What to do about missed times: run_once or skip (default: run_once).")
    var misfire: String?

    @OptionGroup var input: TaskInput

    @Option(help: "-1000…1000; higher goes first.")
    var priority: Int?

    @Option(help: "The conversation that its tasks belong to.")
    var conversationID: String?

    @Flag(help: "Create it paused.")
    var paused = false

    /// The request's body: the file, where there is one, with the options over it.
    func json(over file: String?) throws -> JSON {
        var body = try file.map(Self.read) ?? [:]
        for (key, value) in [
            ("workflow", workflow), ("version", version), ("cron", cron), ("timezone", timezone), ("misfire", misfire),
        ] {
            if let value { body[key] = .string(value) }
        }
        if input.isGiven { body["input"] = try input.json(over: body["input"] ?? [:]) }
        if let priority { body["priority"] = .integer(Int64(priority)) }
        if let conversationID {
            var context = body["context"] ?? [:]
            context["conversation_id"] = .string(conversationID)
            body["context"] = context
        }
        if paused { body["enabled"] = false }
        return body
    }

    private static func read(_ path: String) throws -> JSON {
        let source = try DefinitionFile(path: path)
        let body: JSON
        do {
            body = try JSON(parsing: source.text, format: source.format)
        } catch {
            throw CommandFailure("\(path): \(SafeText.lines(error.description))")
        }
        guard body.object != nil else { throw CommandFailure("\(path) must hold an object with a schedule's keys") }
        return body
    }
}

/// Arguments of the commands that change a schedule.
struct ScheduleChangeOptions: ParsableArguments {
    @Argument(help: "The schedule's id.")
    var id: String

    @Option(help: "Only if the row still has this version.")
    var ifVersion: Int?

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func enable(_ isEnabled: Bool) async throws {
        let schedule = try await client.withClient { try await $0.enableSchedule(id, isEnabled, ifVersion: ifVersion) }
        if output.json { return output.write(schedule.document) }
        Terminal.write(ScheduleText.line(schedule))
    }
}

/// A schedule, for people.
enum ScheduleText {
    /// When it fires next.
    static func next(_ schedule: ScheduleRecord) -> String {
        schedule.isEnabled ? schedule.nextRunAt ?? "not planned" : "paused"
    }

    /// One line after a change.
    static func line(_ schedule: ScheduleRecord) -> String {
        let state = schedule.isEnabled ? schedule.nextRunAt.map { "fires next at \($0)" } ?? "is on" : "is paused"
        return SafeText.line("schedule \(schedule.id) \(state)")
    }
}
