import ArgumentParser
import Client

struct TaskCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ends a task, and drops its running model calls.")

    @OptionGroup var options: TransitionOptions

    func run() async throws {
        try await options.run(.cancel)
    }
}
