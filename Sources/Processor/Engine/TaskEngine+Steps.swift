import Foundation
import Store
import Workflow

/// What the kinds share: adding steps, and asking how far those of a phase are.
extension TaskEngine {
    func agent(_ slug: String?) -> AgentDefinition? {
        slug.flatMap { workflow.definition.agents[$0] }
    }

    /// Adds a step to a phase, to run now, or when its turn comes where the phase limits its concurrency.
    @discardableResult
    mutating func addStep(
        _ kind: StepKind, to phaseID: UUID, _ definition: PhaseDefinition, agent slug: String, outputID: UUID? = nil,
        input: JSON = [:]
    ) -> UUID {
        let isParked = definition.concurrency.map { limit in admitted(phaseID).count >= limit } ?? false
        let step = StepRow(
            phaseID: phaseID, outputID: outputID, kind: kind, agent: slug, model: agent(slug)?.model,
            sequence: (graph.steps.map(\.sequence).max() ?? -1) + 1, maxAttempts: definition.retry.maxAttempts,
            input: input, runAt: isParked ? .never : .after(.zero))
        graph.steps.append(step)
        return step.id
    }

    /// Adds the step of a phase that has one.
    @discardableResult
    mutating func addStep(_ new: NewStep, to phaseID: UUID, _ definition: PhaseDefinition) -> UUID {
        let step = StepRow(
            phaseID: phaseID, kind: new.kind, agent: new.agent, model: agent(new.agent)?.model,
            sequence: (graph.steps.map(\.sequence).max() ?? -1) + 1, status: new.status,
            maxAttempts: definition.retry.maxAttempts, input: new.input, runAt: new.runAt)
        graph.steps.append(step)
        return step.id
    }

    /// Makes sure that a processor looks at the task again after this long.
    mutating func wakeNoLater(than delay: Duration?) {
        guard let delay else { return }
        graph.wakeAfter = min(graph.wakeAfter ?? delay, delay)
    }

    /// Lets parked steps of a phase run, as many as its concurrency has room for.
    mutating func admitParkedSteps(of phaseID: UUID, _ definition: PhaseDefinition) {
        guard let limit = definition.concurrency else { return }
        var room = limit - admitted(phaseID).count
        for step in graph.steps(of: phaseID) where room > 0 && step.isParked && !step.kind.isWait {
            graph.updateStep(step.id) { $0.runAt = .after(.zero) }
            room -= 1
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
        return StepFailure(code: code, message: cause.map { "\(message) \($0)" } ?? message, isRetryable: false)
    }
}

extension StepRow {
    /// Waits for room in its phase's concurrency.
    var isParked: Bool {
        guard status == .pending else { return false }
        switch runAt {
        case .never: return true
        case .after: return false
        case .unchanged: return dueIn == nil
        }
    }
}
