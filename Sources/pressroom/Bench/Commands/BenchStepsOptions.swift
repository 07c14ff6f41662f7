import ArgumentParser
import Client

/// Which tasks of four steps that do nothing are run.
struct BenchStepsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The model of all steps, where they are of the kind 'write'.", valueName: "provider/model"))
    var model = "rehearsal/bench"

    @Option(help: "The kind of the four phases.")
    var kind = "write"

    @Option(help: ArgumentHelp("What phases of another kind have besides, such as 'message: Go.'.", valueName: "YAML"))
    var attributes = ""

    /// Publishes the workflow and answers its name.
    func publish(_ client: PressroomClient) async throws -> String {
        let workflow = kind == "write" ? BenchWorkflows.steps(model: model) : BenchWorkflows.steps(kind: kind, attributes: attributes)
        _ = try await client.publishWorkflow(workflow.definition, as: .yaml)
        return workflow.name
    }
}
