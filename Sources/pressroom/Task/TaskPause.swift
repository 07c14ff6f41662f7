import ArgumentParser
import Client

struct TaskPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Lets running steps stop and starts no more.")

    @OptionGroup var options: TransitionOptions

    func run() async throws {
        try await options.run(.pause)
    }
}
