import ArgumentParser
import Client

struct ScheduleDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Removes a schedule; its tasks stay.")

    @Argument(help: "The schedule's id.")
    var id: String

    @Option(help: "Only when the row still has this version.")
    var ifVersion: Int?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.withClient { try await $0.deleteSchedule(id, ifVersion: ifVersion) }
        Terminal.write(SafeText.line("schedule \(id) is deleted"))
    }
}
