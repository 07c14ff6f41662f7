import ArgumentParser
import Client
import Foundation
import Workflow

struct InboxComplete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete", abstract: "Answers a human task; its workflow goes on.")

    @Argument(help: "The human task's id.")
    var id: String

    @OptionGroup var input: TaskInput

    @Option(help: "Only when the row still has this version.")
    var ifVersion: Int?

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let data = Data(try input.json().utf8)
        let task = try await client.withClient {
            try await $0.completeHumanTask(id, data: data, ifVersion: ifVersion)
        }
        if output.json { return output.write(task.document) }
        Terminal.write(SafeText.line("human task \(task.id) is \(task.status)"))
    }
}
