import ArgumentParser
import Client

/// What the commands that change a schedule take.
struct ScheduleChangeOptions: ParsableArguments {
    @Argument(help: "The schedule's id.")
    var id: String

    @Option(help: "Only when the row still has this version.")
    var ifVersion: Int?

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func enable(_ isEnabled: Bool) async throws {
        let schedule = try await client.withClient { try await $0.enableSchedule(id, isEnabled, ifVersion: ifVersion) }
        if output.json { return output.write(schedule.document) }
        Terminal.write(ScheduleText.line(schedule))
    }
}
