import ArgumentParser
import Client

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
                schedule.cron, schedule.timezone, ScheduleText.next(schedule),
                schedule.lastErrorMessage.map { "failed: \($0)" } ?? schedule.lastRunAt ?? "-")
        }
        Terminal.write(schedules.items.isEmpty ? "no schedules" : table.text)
        if let next = schedules.next { Terminal.write("more: --after \(SafeText.line(next))") }
    }
}
