import ArgumentParser
import Client

struct WorkflowGraph: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Writes a workflow as a Mermaid flowchart.")

    @Argument(help: "The workflow's name.")
    var name: String

    @Option(help: ArgumentHelp("Colour it with where this task stands.", valueName: "task-id"))
    var task: String?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let graph = try await client.withClient { try await $0.workflowGraph(name, taskID: task) }
        Terminal.write(SafeText.lines(graph))
    }
}
