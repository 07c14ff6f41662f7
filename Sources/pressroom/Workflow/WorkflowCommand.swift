import ArgumentParser

struct WorkflowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflow",
        abstract: "Checks, publishes, lists and draws workflows.",
        subcommands: [WorkflowValidate.self, WorkflowPublish.self, WorkflowList.self, WorkflowGraph.self])
}
