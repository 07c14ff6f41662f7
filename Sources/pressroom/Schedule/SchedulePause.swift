import ArgumentParser

struct SchedulePause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Lets a schedule fire no more; its tasks go on.")

    @OptionGroup var options: ScheduleChangeOptions

    func run() async throws {
        try await options.enable(false)
    }
}
