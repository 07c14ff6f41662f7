import Base
import Foundation
import Logging
import Store
import Workflow

/// One run of a step: what it works on, and access to what it needs.
struct StepRun: Sendable {
    let step: ClaimedStep
    let workflow: WorkflowVersion
    let definition: PhaseDefinition
    let material: StepMaterial
    /// The step's agent; nil for kinds without one.
    let agent: AgentDefinition?
    let context: ExecutionContext
    /// The agent's model with its fallbacks; nil for kinds without an agent.
    let model: FallbackModel?
    /// Takes what the run asks.
    let calls: CallLog
    let services: StepServices
    let logger: Logger
    /// What readers see of the answer while it is written.
    let live: LiveAnswer

    /// The error of kinds whose steps no processor runs.
    var hasNoRun: ProviderError {
        ProviderError(code: .invalidRequest, message: "A step of kind \(step.kind.rawValue) is not run by a processor.")
    }

    /// The draft that the step works on.
    func draft() throws(ProviderError) -> OutputRow {
        guard let output = material.output(of: step) else {
            throw ProviderError(code: .invalidRequest, message: "The output of the step is gone.")
        }
        return output
    }

    /// Asks the model of the step's agent.
    ///
    /// - Parameter excerpt: what readers see of the answer while it is written.
    func complete(
        prompt: String, schema: ResponseSchema? = nil, shows excerpt: LiveExcerpt
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
        let onText = live.show(excerpt) ?? { @Sendable _ in }
        let start = ContinuousClock.now
        let response = try await model.complete(request, onText: onText)
        guard response.finishReason?.isCut == true else { return response }
        switch definition.onCut {
        case .fail, .retry:
            var error = ProviderError(
                code: .cutOff, message: "The model's answer was cut at its limit; raise the agent's max_tokens, or ask for less.")
            error.mayRetry = definition.onCut == .retry
            throw error
        case .continue:
            // Half of a JSON object cannot be continued: its reader tells whether it is whole.
            guard schema == nil, !response.text.isEmpty else { return response }
            let left = definition.timeout - start.duration(to: .now)
            return try await continued(response, request, model, within: left, onText)
        }
    }

    /// Lets the model go on, once, where its answer was cut. What it has written counts where it cannot.
    private func continued(
        _ response: ModelResponse, _ request: ModelRequest, _ model: FallbackModel, within left: Duration,
        _ onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        guard left > .zero else { return response }
        live.keep(response.text)
        var request = request
        request.timeout = left
        request.messages += [
            ModelMessage(role: .assistant, content: response.text), ModelMessage(role: .user, content: ContinuePrompt.text),
        ]
        do throws(ProviderError) {
            var rest = try await model.complete(request, onText: onText)
            rest.text = response.text + rest.text
            rest.usage += response.usage
            return rest
        } catch where error.code != .cancelled {
            return response
        }
    }

    /// The trimmed text of a response, without characters that a row cannot hold.
    func nonEmpty(_ response: ModelResponse) throws(ProviderError) -> String {
        let text = response.text.replacingNULs().trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw ProviderError(code: .invalidResponse, message: "The model wrote nothing.") }
        return text
    }
}

// MARK: - Prompts

extension StepRun {
    /// Renders a template over what all templates can refer to, the agent, and the draft the step works on.
    func render(_ template: String) -> String {
        promptScope.render(template)
    }

    /// A prompt of the phase's own, rendered, and what is added to it; nil where the phase has none.
    func ownPrompt(_ template: String?, _ additions: String?...) -> String? {
        template.map { ([render($0)] + additions.compactMap { $0 }).joined(separator: "\n\n") }
    }

    /// The prompt that the writer of the draft got, for its judges.
    func assignment() -> String? {
        let track = material.output(of: step)?.writer["slug"]?.string
        let writePhases = workflow.ancestors(of: definition.id, kind: .write)
        for phase in writePhases {
            guard case .write(let write) = phase.spec else { continue }
            if track == nil || write.agents.contains(track ?? "") { return render(write.prompt) }
        }
        return nil
    }

    var promptScope: PromptScope {
        var scope = PromptScope(
            material.task, material.phases, material.outputs, workflow.definition, definition, step.input)
        if let agent { scope.named["agent"] = agent.json }
        if let output = material.output(of: step) {
            scope.named["output"] = output.summary
            scope.named["draft"] = output.content.map(JSON.string) ?? ""
            scope.named["feedback"] = output.editorFeedback.map(JSON.string) ?? ""
        }
        return scope
    }
}

extension StepMaterial {
    /// The output that a step works on.
    func output(of step: ClaimedStep) -> OutputRow? {
        outputs.first { $0.id == step.outputID }
    }
}

/// What templates can refer to: the task's input (its keys also by themselves), the outputs of the completed phases, and
/// the execution context.
struct PromptScope {
    /// All but what the phases brought, which these hide.
    var named: JSONObject
    private let task: TaskRow
    private let phases: [PhaseRow]
    private let outputs: [OutputRow]
    private let workflow: WorkflowDefinition
    /// The phase that repeats, and what its last run brought.
    private let last: (phase: String, output: JSON)?

    /// - Parameters:
    ///   - definition: of the step's phase; one that repeats sees the output of its last run.
    ///   - input: the step's, with the element of a list and the run of a cycle.
    init(
        _ task: TaskRow, _ phases: [PhaseRow], _ outputs: [OutputRow], _ workflow: WorkflowDefinition,
        _ definition: PhaseDefinition, _ input: JSON
    ) {
        (self.task, self.phases, self.outputs, self.workflow) = (task, phases, outputs, workflow)
        let phase = phases.first { $0.key == definition.id && $0.iteration > 0 }
        last = phase.map { (definition.id, $0.output ?? .null) }
        named = task.input.object ?? [:]
        if let last { named["phases"]?[last.phase] = last.output }
        named["input"] = task.input
        named["config"] = task.config
        named["context"] = task.context
        named["task"] = ["task_id": .string(task.taskID.text), "phase": .string(definition.id)]
        for name in ["item", "index", "iteration"] { named[name] = input[name] ?? named[name] }
    }

    var members: JSONObject { members(only: nil) }

    private func members(only names: Set<String>?) -> JSONObject {
        var members = PhaseOutputs(outputs).accumulated(phases, workflow, only: names)
        if let last { members["phases"]?[last.phase] = last.output }
        members.merge(named) { _, own in own }
        return members
    }

    init(_ engine: TaskEngine, _ definition: PhaseDefinition, _ input: JSON) {
        self.init(
            engine.graph.task, engine.graph.phases, engine.graph.outputs, engine.workflow.definition, definition, input)
    }

    /// - Parameter limit: about how many bytes the text may have.
    func render(
        _ template: String, as escaping: PromptTemplate.Escaping = .none, atMost limit: Int = TemplateBudget.maxBytes
    ) -> String {
        // Templates were checked when the workflow was published.
        guard let prompt = try? PromptTemplate(template, escaping: escaping) else { return template }
        return prompt.render(.object(members(only: prompt.names)), atMost: limit)
    }
}
