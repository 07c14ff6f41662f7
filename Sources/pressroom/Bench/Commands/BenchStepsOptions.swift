import ArgumentParser
import Client

/// Which tasks of four steps that do nothing are run.
struct BenchStepsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The model of all steps.", valueName: "provider/model"))
    var model = "rehearsal/bench"

    /// Publishes the workflow and answers its name.
    func publish(_ client: PressroomClient) async throws -> String {
        let workflow = BenchWorkflows.steps(model: model)
        _ = try await client.publishWorkflow(workflow.definition, as: .yaml)
        return workflow.name
    }
}
