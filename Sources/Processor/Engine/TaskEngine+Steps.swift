import Base
import Foundation
import Store
import Workflow

/// Adding steps to a phase, and how far those of a phase are.
extension TaskEngine {
    func agent(_ slug: String?) -> AgentDefinition? {
        slug.flatMap { workflow.definition.agents[$0] }
    }

    /// Adds a step that runs now or, where the phase limits its concurrency, when its turn comes.
    @discardableResult
    mutating func addStep(
        _ kind: StepKind, to phaseID: UUID, _ definition: PhaseDefinition, agent slug: String, outputID: UUID? = nil,
        input: JSON = [:]
    ) -> UUID {
        let isParked = definition.concurrency.map { limit in admitted(phaseID).count >= limit } ?? false
        return addStep(
            NewStep(kind: kind, agent: slug, input: input, runAt: isParked ? .never : .after(.zero)), to: phaseID, definition,
            outputID: outputID)
    }

    @discardableResult
    mutating func addStep(
        _ new: NewStep, to phaseID: UUID, _ definition: PhaseDefinition, outputID: UUID? = nil
    ) -> UUID {
        let step = StepRow(
            phaseID: phaseID, outputID: outputID, kind: new.kind, agent: new.agent, model: agent(new.agent)?.model,
            sequence: (graph.steps.map(\.sequence).max() ?? -1) + 1, status: new.status,
            maxAttempts: definition.retry.maxAttempts, input: new.input, runAt: new.runAt)
        graph.steps.append(step)
        return step.id
    }

    /// Lets parked steps of a phase run, as many as its concurrency has capacity for.
    mutating func admitParkedSteps(of phaseID: UUID, _ definition: PhaseDefinition) {
        guard let limit = definition.concurrency else { return }
        var capacity = limit - admitted(phaseID).count
        for step in graph.steps(of: phaseID) where capacity > 0 && step.isParked && !step.kind.isWait {
            graph.updateStep(step.id) { $0.runAt = .after(.zero) }
            capacity -= 1
        }
    }

    private func admitted(_ phaseID: UUID) -> [StepRow] {
        graph.steps(of: phaseID).filter { !$0.status.isTerminal && !$0.isParked }
    }

    func hasOpenSteps(_ phaseID: UUID) -> Bool {
        graph.steps.contains { $0.phaseID == phaseID && !$0.status.isTerminal }
    }

    /// The reason to give when every step of a phase failed: the first failure's.
    func firstFailure(in phaseID: UUID, code: String, _ message: String) -> StepFailure {
        let cause = graph.steps(of: phaseID).first { $0.status == .failed }?.error?["message"]?.string
        guard let cause else { return StepFailure(code: code, message: message, isRetryable: false) }
        // A provider's message continues the sentence; one that is a sentence of its own follows it.
        let isSentence = cause.first?.isLowercase != true
        let begin = isSentence || !message.hasSuffix(".") ? message : String(message.dropLast()) + ":"
        return StepFailure(code: code, message: "\(begin) \(cause)", isRetryable: false)
    }
}

/// The outcomes of steps.
extension TaskEngine {
    /// Takes in the outcome of a step. A result whose lease was lost (the step has been handed to another attempt, or was
    /// paused or cancelled) changes nothing.
    mutating func record(_ result: FinishedStep, processorID: UUID, random: Double) {
        guard let (step, definition) = running(result.stepID, attempt: result.attempt), step.processorID == processorID
        else { return }
        switch result.outcome {
        case .completed(.subtask(let subtask), _):
            begin(subtask, for: step)
        case .completed(let stepResult, let spent):
            spend(spent)
            let output = definition.behavior.record(&self, stepResult, of: step, definition)
            complete(step, output)
        case .failed(let failure):
            spend(failure.usage)
            fail(step, failure, definition, random: random)
        case .handedBack:
            graph.handBack(step.id)
        }
    }

    /// How many processors a step may lose before it fails.
    static let maxLostAttempts = 20

    /// Puts a running step whose processor is gone back into the queue, or fails it after too many attempts. Another
    /// attempt than the lost one is left alone: a processor has taken the step over meanwhile.
    mutating func takeOver(_ stepID: UUID, attempt: Int) {
        guard let (step, definition) = running(stepID, attempt: attempt) else { return }
        guard step.attempt >= Self.maxLostAttempts else { return graph.handBack(stepID) }
        let failure = StepFailure(
            code: "processor_lost", message: "The step lost its processor \(step.attempt) times.", isRetryable: false)
        fail(step, failure, definition, random: 0)
    }

    /// The step, if this attempt of it runs.
    private func running(_ stepID: UUID, attempt: Int) -> (step: StepRow, definition: PhaseDefinition)? {
        guard let step = graph.steps.first(where: { $0.id == stepID }), step.status == .running, step.attempt == attempt,
            let phase = graph.phases.first(where: { $0.id == step.phaseID }),
            let definition = workflow.definition.phase(phase.key)
        else { return nil }
        return (step, definition)
    }

    /// Adds to the task's usage.
    private mutating func spend(_ usage: Usage) {
        if usage != .zero { graph.task.usage = graph.task.usage.adding(usage) }
    }

    mutating func complete(_ step: StepRow, _ output: JSON) {
        graph.updateStep(step.id) { row in
            row.status = .completed
            row.output = output
            row.error = nil
        }
    }

    /// Fails a step that nothing runs.
    mutating func fail(_ step: StepRow, code: String, _ message: String) {
        graph.updateStep(step.id) { row in
            row.status = .failed
            row.error = StepFailure(code: code, message: message, isRetryable: false).json
        }
    }

    /// Schedules the step's next attempt, or fails it with what it worked on.
    private mutating func fail(_ step: StepRow, _ failure: StepFailure, _ definition: PhaseDefinition, random: Double) {
        let policy = definition.retry
        if failure.isRetryable, policy.retries(code: failure.code, attempt: step.attempt, of: step.maxAttempts) {
            let delay = policy.delay(afterAttempt: step.attempt, random: random, requested: failure.retryAfter)
            graph.updateStep(step.id) { row in
                row.status = .retrying
                row.processorID = nil
                row.error = failure.json
                row.runAt = .after(delay)
            }
            graph.returnWork(of: step)
            return
        }
        graph.updateStep(step.id) { row in
            row.status = .failed
            row.error = failure.json
        }
        graph.updateEvaluations(of: step.id) { row in
            guard !row.status.isTerminal else { return }
            row.status = .failed
            row.error = failure.json
        }
        if let outputID = step.outputID, step.kind.waitingOutputStatus != nil {
            graph.updateOutput(outputID) { row in
                guard !row.status.isSettled else { return }
                row.status = .failed
                row.error = failure.json
            }
        }
    }
}

/// What a kind says of a step that it adds.
struct NewStep {
    var kind: StepKind
    /// `pending` when a processor is to run it, `waiting` when something else ends it.
    var status: StepStatus = .pending
    var agent: String?
    var input: JSON = [:]
    var runAt: StepRow.RunAt = .after(.zero)
}

extension StepRow {
    /// Waits for its phase's concurrency to have capacity.
    var isParked: Bool {
        guard status == .pending else { return false }
        switch runAt {
        case .never: return true
        case .after: return false
        case .unchanged: return dueIn == nil
        }
    }
}

extension [StepRow] {
    /// Whether nothing happens in these open steps until a wait ends.
    var onlyWait: Bool {
        contains { $0.status == .waiting } && allSatisfy { $0.status == .waiting || $0.isParked }
    }
}
