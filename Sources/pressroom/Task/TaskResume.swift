import ArgumentParser
import Client

struct TaskResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Goes on with a paused task.")

    @OptionGroup var options: TransitionOptions

    func run() async throws {
        try await options.run(.resume)
    }
}
