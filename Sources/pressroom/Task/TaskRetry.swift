import ArgumentParser
import Client

struct TaskRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Runs a failed task again from where it failed.")

    @OptionGroup var options: TransitionOptions

    func run() async throws {
        try await options.run(.retry)
    }
}
