import Foundation
import Logging
import Store
import Workflow

/// One run of a step: what it works on, and the ways to what it needs.
struct StepCall: Sendable {
    let step: ClaimedStep
    let workflow: LoadedWorkflow
    let definition: PhaseDefinition
    let material: StepMaterial
    /// Who does the step; nil for kinds that ask no agent.
    let agent: AgentDefinition?
    let context: ExecutionContext
    /// The agent's model with those that are asked when it is down; nil for kinds that ask no agent.
    let model: FallbackModel?
    let services: StepServices
    let logger: Logger
    let onText: @Sendable (String) async -> Void

    /// What the kinds without a model answer when they are asked to run.
    var hasNoRun: ProviderError {
        ProviderError(code: .invalidRequest, message: "A step of kind \(step.kind.rawValue) is not run by a processor.")
    }

    /// The draft that the step works on.
    func draft() throws(ProviderError) -> OutputRow {
        guard let output = material.outputs.first(where: { $0.id == step.outputID }) else {
            throw ProviderError(code: .invalidRequest, message: "The output of the step is gone.")
        }
        return output
    }

    /// Asks the model of the step's agent.
    func complete(
        prompt: String, schema: ResponseSchema? = nil, streams: Bool = false
    ) async throws(ProviderError) -> ModelResponse {
        guard let agent, let model else {
            throw ProviderError(code: .invalidRequest, message: "A step of kind \(step.kind.rawValue) has no agent to ask.")
        }
        var messages: [ModelMessage] = []
        if let system = agent.system { messages.append(ModelMessage(role: .system, content: system)) }
        messages.append(ModelMessage(role: .user, content: prompt))
        var seed = SeededGenerator(seedingFrom: context.taskID.text, agent.slug, step.kind.rawValue, prompt)
        let request = ModelRequest(
            model: agent.model, messages: messages, temperature: agent.temperature, maxTokens: agent.maxTokens,
            schema: schema, seed: seed.next(), timeout: definition.timeout, context: context, phase: definition.id,
            agent: agent.slug)
        return try await model.complete(request, onText: streams ? onText : { @Sendable _ in })
    }

    /// The text of an answer as a row can hold it.
    func nonEmpty(_ response: ModelResponse) throws(ProviderError) -> String {
        let text = response.text.replacing("\0", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw ProviderError(code: .invalidResponse, message: "The model wrote nothing.") }
        return text
    }
}
