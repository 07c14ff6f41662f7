import ArgumentParser

struct ScheduleResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lets a paused schedule fire from now on; nothing is made up for.")

    @OptionGroup var options: ScheduleChangeOptions

    func run() async throws {
        try await options.enable(true)
    }
}
