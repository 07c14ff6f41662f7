import ArgumentParser
import Client

struct ScheduleShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a schedule: when it fires, and what became of its last time.")

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
            ("next", ScheduleText.next(schedule)), ("last", schedule.lastRunAt), ("last task", schedule.lastTaskID),
            ("error", schedule.lastErrorMessage),
        ] {
            guard let value else { continue }
            Terminal.write(DisplayWidth.padded(name, 9) + "  " + SafeText.line(value))
        }
    }
}
