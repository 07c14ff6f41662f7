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

extension TaskEngine {
    /// Takes in what a step came to. A result of a lease that was lost (the step has been handed to another attempt,
    /// or was paused or cancelled) changes nothing.
    mutating func record(_ result: FinishedStep, processorID: UUID, random: Double) {
        guard let step = graph.steps.first(where: { $0.id == result.stepID }), step.status == .running,
            step.processorID == processorID, step.attempt == result.attempt,
            let phase = graph.phases.first(where: { $0.id == step.phaseID }),
            let definition = workflow.definition.phase(phase.key)
        else { return }
        switch result.outcome {
        case .completed(.subtask(let subtask), _):
            begin(subtask, for: step)
        case .completed(let stepResult, let spent):
            spend(spent)
            let note = behavior(of: definition).record(&self, stepResult, of: step, definition)
            graph.updateStep(step.id) { row in
                row.status = .completed
                row.output = note
                row.error = nil
            }
        case .failed(let failure):
            spend(failure.usage)
            fail(step, failure, definition, random: random)
        case .handedBack:
            graph.handBack(step.id)
        }
    }

    /// Adds to what the task has taken in all.
    private mutating func spend(_ usage: Usage) {
        if usage != .zero { graph.task.usage = UsageSum.adding(usage, to: graph.task.usage) }
    }

    /// How often a step may lose its processor before it is given up.
    static let mostLostAttempts = 20

    /// Puts a running step whose processor is gone back into the queue, or gives it up after too many attempts. Another
    /// attempt than the one that was found so is left alone: somebody else has taken the step over meanwhile.
    mutating func takeOver(_ stepID: UUID, attempt: Int) {
        guard let step = graph.steps.first(where: { $0.id == stepID }), step.status == .running, step.attempt == attempt,
            let phase = graph.phases.first(where: { $0.id == step.phaseID }),
            let definition = workflow.definition.phase(phase.key)
        else { return }
        guard step.attempt >= Self.mostLostAttempts else { return graph.handBack(stepID) }
        let failure = StepFailure(
            code: "processor_lost", message: "The step lost its processor \(step.attempt) times.", isRetryable: false)
        fail(step, failure, definition, random: 0)
    }

    /// Schedules the step's next attempt, or gives it up with what it worked on.
    mutating func fail(_ step: StepRow, _ failure: StepFailure, _ definition: PhaseDefinition, random: Double) {
        let policy = definition.retry
        if failure.isRetryable, step.attempt < step.maxAttempts, !policy.nonRetryable.contains(failure.code) {
            let delay = max(policy.delay(afterAttempt: step.attempt, random: random), failure.retryAfter ?? .zero)
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
