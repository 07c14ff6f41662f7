import Foundation
import Logging
import Store
import Workflow

/// Runs claimed steps: gets what they need, lets their kinds work, says what came of it.
struct StepRunner: Sendable {
    let services: StepServices
    let liveTexts: LiveTexts
    let logger: Logger

    func run(_ step: ClaimedStep, _ material: StepMaterial, _ workflow: LoadedWorkflow) async -> StepOutcome {
        var model: FallbackModel?
        do {
            let call = try call(step, material, workflow)
            model = call.model
            let result = try await PhaseBehaviors.of(call.definition).run(call)
            await model?.end()
            return .completed(result, spent: model?.spent ?? .zero)
        } catch {
            await model?.end()
            return outcome(of: error, step, spent: model?.spent ?? .zero)
        }
    }

    private func outcome(of error: any Error, _ step: ClaimedStep, spent: Usage) -> StepOutcome {
        if Task.isCancelled { return .handedBack }
        var failure: StepFailure
        switch error {
        case let error as ProviderError where error.code == .cancelled: return .handedBack
        case let error as ProviderError: failure = StepFailure(error)
        case let error as StepFailure: failure = error
        default: failure = StepFailure(code: "internal_error", message: "\(error)", isRetryable: false)
        }
        failure.usage = spent
        logger.debug("step failed", metadata: ["step": "\(step.id.text)", "code": "\(failure.code)", "error": "\(failure.message)"])
        return .failed(failure)
    }

    private func call(
        _ step: ClaimedStep, _ material: StepMaterial, _ workflow: LoadedWorkflow
    ) throws(ProviderError) -> StepCall {
        guard let key = material.phases.first(where: { $0.id == step.phaseID })?.key,
            let definition = workflow.definition.phase(key), let context = ExecutionContext(json: material.task.context)
        else {
            throw ProviderError(code: .invalidRequest, message: "The workflow does not know the step's phase.")
        }
        let agent = step.agent.flatMap { workflow.definition.agents[$0] }
        if let slug = step.agent, agent == nil {
            throw ProviderError(code: .invalidRequest, message: "The workflow does not know the step's agent \(slug).")
        }
        let version = (material.outputs.first { $0.id == step.outputID }?.versionNumber ?? 0) + 1
        let liveTexts = liveTexts
        return StepCall(
            step: step, workflow: workflow, definition: definition, material: material, agent: agent, context: context,
            model: agent.map { agent in
                FallbackModel(
                    agent.models, models: services.models, place: services.places?.place(of: step),
                    onRestart: { if let outputID = step.outputID { liveTexts.restart(outputID, of: step) } }, logger: logger)
            },
            services: services, logger: logger,
            onText: { text in
                if let outputID = step.outputID { liveTexts.append(text, to: outputID, of: step, versionNumber: version) }
            })
    }
}
