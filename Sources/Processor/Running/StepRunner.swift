import Base
import Foundation
import Logging
import Store
package import Workflow

/// Runs claimed steps: collects what they need, lets their kinds work, and makes an outcome of the result or the error.
struct StepRunner: Sendable {
    let services: StepServices
    let texts: TextsInProgress
    let logger: Logger

    func run(_ step: ClaimedStep, _ material: StepMaterial, _ workflow: WorkflowVersion) async -> FinishedStep {
        let calls = CallLog(
            capture: services.capture.narrowed(to: workflow.definition.capture), maxBodyBytes: services.maxBodyBytes)
        let outcome = await outcome(of: step, material, workflow, calls)
        return FinishedStep(step, outcome, calls: calls.records, hasSavedText: texts.close(step))
    }

    private func outcome(
        of step: ClaimedStep, _ material: StepMaterial, _ workflow: WorkflowVersion, _ calls: CallLog
    ) async -> StepOutcome {
        var model: FallbackModel?
        do {
            if let reason = step.unreadable { throw StepFailure(code: "internal_error", message: reason, isRetryable: false) }
            let run = try stepRun(step, material, workflow, calls)
            model = run.model
            let result = try await run.definition.behavior.run(run)
            await model?.end()
            return .completed(result, spent: model?.spent ?? .zero)
        } catch {
            await model?.end()
            return outcome(of: error, step, calls.capture, spent: model?.spent ?? .zero)
        }
    }

    private func outcome(of error: any Error, _ step: ClaimedStep, _ capture: CallCapture, spent: Usage) -> StepOutcome {
        if Task.isCancelled { return .handedBack }
        var failure: StepFailure
        switch error {
        case let error as ProviderError where error.code == .cancelled: return .handedBack
        case let error as ProviderError: failure = StepFailure(error.shown(under: capture))
        case let error as StepFailure: failure = error
        default: failure = StepFailure(code: "internal_error", message: "\(error)", isRetryable: false)
        }
        failure.usage = spent
        logger.debug("step failed", metadata: ["step": "\(step.id.text)", "code": "\(failure.code)", "error": "\(failure.message)"])
        return .failed(failure)
    }

    private func stepRun(
        _ step: ClaimedStep, _ material: StepMaterial, _ workflow: WorkflowVersion, _ calls: CallLog
    ) throws(ProviderError) -> StepRun {
        guard let key = material.phases.first(where: { $0.id == step.phaseID })?.key,
            let definition = workflow.definition.phase(key), let context = ExecutionContext(json: material.task.context)
        else {
            throw ProviderError(code: .invalidRequest, message: "The workflow does not know the step's phase.")
        }
        let agent = step.agent.flatMap { workflow.definition.agents[$0] }
        if let slug = step.agent, agent == nil {
            throw ProviderError(code: .invalidRequest, message: "The workflow does not know the step's agent \(slug).")
        }
        let version = (material.output(of: step)?.versionNumber ?? 0) + 1
        let live = LiveAnswer(texts, of: step, version: version, capture: calls.capture)
        return StepRun(
            step: step, workflow: workflow, definition: definition, material: material, agent: agent, context: context,
            model: agent.map { agent in
                FallbackModel(
                    agent.models, models: services.models(of: step.tenantID), slot: services.slots?.slot(of: step), calls: calls,
                    onRestart: { live.restart() }, logger: logger)
            },
            calls: calls, services: services, logger: logger, live: live)
    }
}

/// Looks up a model by its name; throws `unknown_model` where no provider has it.
package typealias ModelLookup = @Sendable (ModelName) throws(ProviderError) -> any LanguageModel

/// Looks up a secret by its name; nil where this node has none of that name.
package typealias SecretLookup = @Sendable (String) -> String?

/// What the runs of steps use.
package struct StepServices: Sendable {
    package var models: ModelLookup
    package var web: any WebClient
    package var secrets: SecretLookup
    /// Which of them each tenant may use.
    package var grants: Grants
    /// By their names.
    package var customKinds: [String: RegisteredKind]
    /// How much of the calls is kept; a workflow may narrow it.
    package var capture = CallCapture.full
    /// The most bytes of a request or an answer that are kept.
    package var maxBodyBytes = CallLog.defaultMaxBodyBytes
    // Set by the processor.
    var subtasks: SubtaskPreparation?
    var slots: ModelSlots?
    let deadlines = Deadlines()

    package init(
        models: @escaping ModelLookup, web: any WebClient = NoWebClient(), secrets: @escaping SecretLookup = { _ in nil },
        grants: Grants = Grants(), customKinds: [RegisteredKind] = []
    ) {
        self.models = models
        self.web = web
        self.secrets = secrets
        self.grants = grants
        self.customKinds = Dictionary(customKinds.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    }
}

extension StepServices {
    /// The models that a tenant may use. Each call looks again: an agent's fallback is no way around a grant.
    func models(of tenantID: String) -> ModelLookup {
        { [grants, models] name throws(ProviderError) in
            try grants.check(name, for: tenantID)
            return try models(name)
        }
    }

    /// The secrets that a tenant may use.
    func secrets(of tenantID: String) -> SecretLookup {
        { [grants, secrets] name in grants.permit(secret: name, for: tenantID) ? secrets(name) : nil }
    }
}

/// Sends nothing: for a processor without a client.
package struct NoWebClient: WebClient {
    package init() {}

    package func send(_ request: WebRequest) async throws(ProviderError) -> WebResponse {
        throw ProviderError(code: .unavailable, message: "This node sends no HTTP requests.")
    }
}

// MARK: - Outcomes

/// The outcome of a run, with the fence that the commit checks it against.
struct FinishedStep: Sendable {
    let tenantID: String
    let taskID: UUID
    let stepID: UUID
    let outputID: UUID?
    let attempt: Int
    let outcome: StepOutcome
    /// What the run has asked, in order.
    var calls: [MadeCall] = []
    /// Whether a text of the step itself was saved while it was written.
    var hasSavedText = false
}

extension FinishedStep {
    var step: TenantKey { TenantKey(tenantID, stepID) }
    var task: TenantKey { TenantKey(tenantID, taskID) }

    init(_ step: ClaimedStep, _ outcome: StepOutcome, calls: [MadeCall] = [], hasSavedText: Bool = false) {
        self.init(
            tenantID: step.tenantID, taskID: step.taskID, stepID: step.id, outputID: step.outputID, attempt: step.attempt,
            outcome: outcome, calls: calls, hasSavedText: hasSavedText)
    }
}

enum StepOutcome: Sendable {
    /// `spent` is the usage of all model calls of the run.
    case completed(StepResult, spent: Usage = .zero)
    case failed(StepFailure)
    /// Back into the queue: the node shuts down, or the run was cancelled.
    case handedBack
}

/// The result of a completed run, by what the step's kind expects.
enum StepResult: Sendable {
    /// The `steps.output`; `usage` is zero without a model call.
    case value(JSON, usage: Usage = .zero)
    /// An agent's.
    case answer(JSON, FinishReason?, usage: Usage)
    case text(String, FinishReason?, usage: Usage)
    case decision(EditDecision, usage: Usage)
    case verdict(Verdict, usage: Usage)
    /// The outputs in the judge's order, best first.
    case ballot([UUID], reasoning: String?, usage: Usage)
    /// By output, the judge's score for each criterion.
    case scores([UUID: [String: Double]], reasoning: String?, usage: Usage)
    /// The task to be started, whose end the step waits for.
    case subtask(SubtaskStart)
}

/// Why a step failed, as in `steps.error`.
package struct StepFailure: Error, Sendable, Equatable {
    package let code: String
    package let message: String
    package let isRetryable: Bool
    /// The delay that the server requested before the next attempt.
    package var retryAfter: Duration?
    /// The usage of the run's calls: an unreadable response was paid for too.
    var usage = Usage.zero

    package init(code: String, message: String, isRetryable: Bool, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
    }

    init(_ error: ProviderError) {
        self.init(
            code: error.code.rawValue, message: error.message, isRetryable: error.isRetryable, retryAfter: error.retryAfter)
    }

    /// Nil unless a value is nested deeper than rows may wrap any further.
    init?(tooDeep value: JSON, _ name: String) {
        let limit = JSONLimits.made.depth
        guard value.depth > limit else { return nil }
        self.init(code: "too_deep", message: "The \(name) is nested deeper than \(limit).", isRetryable: false)
    }

    var json: JSON {
        ["code": .string(code), "message": .string(message.replacingNULs(with: "\u{FFFD}")), "retryable": .bool(isRetryable)]
    }
}
