import Foundation
import Store
import Workflow

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
