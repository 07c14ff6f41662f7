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
