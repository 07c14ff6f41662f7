import Foundation
import Logging
import Store
import Workflow

/// Runs claimed steps: gets what they need, asks their models, says what came of it.
struct StepRunner: Sendable {
    let models: ModelLookup
    let liveTexts: LiveTexts
    let logger: Logger

    func run(_ step: ClaimedStep, _ material: StepMaterial, _ workflow: LoadedWorkflow) async -> StepOutcome {
        var model: FallbackModel?
        do {
            let call = try call(step, material, workflow)
            model = call.model
            return .completed(try await PhaseBehaviors.of(call.definition).run(call))
        } catch {
            if error.code == .cancelled || Task.isCancelled { return .handedBack }
            logger.debug("step failed", metadata: ["step": "\(step.id.text)", "error": "\(error)"])
            var failure = StepFailure(error)
            failure.usage = model?.spent ?? .zero
            return .failed(failure)
        }
    }

    private func call(
        _ step: ClaimedStep, _ material: StepMaterial, _ workflow: LoadedWorkflow
    ) throws(ProviderError) -> StepCall {
        guard let key = material.phases.first(where: { $0.id == step.phaseID })?.key,
            let definition = workflow.definition.phase(key), let slug = step.agent,
            let agent = workflow.definition.agents[slug], let context = ExecutionContext(json: material.task.context)
        else {
            throw ProviderError(code: .invalidRequest, message: "The workflow does not know the step's phase or agent.")
        }
        let version = (material.outputs.first { $0.id == step.outputID }?.versionNumber ?? 0) + 1
        let liveTexts = liveTexts
        return StepCall(
            step: step, workflow: workflow, definition: definition, material: material, agent: agent, context: context,
            model: FallbackModel(
                agent.models, models: models,
                onRestart: { if let outputID = step.outputID { liveTexts.restart(outputID, of: step) } }, logger: logger),
            onText: { text in
                if let outputID = step.outputID { liveTexts.append(text, to: outputID, of: step, versionNumber: version) }
            })
    }
}
