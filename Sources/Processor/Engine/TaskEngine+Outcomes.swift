import Base
import Foundation
import Store
import Workflow

/// The outcomes of steps.
extension TaskEngine {
    /// Takes in the outcome of a step. A result whose lease was lost (the step has been handed to another attempt, or was
    /// paused or cancelled) changes nothing; what its run has asked is kept all the same.
    mutating func record(_ result: FinishedStep, processorID: UUID, random: Double) {
        keepCalls(of: result)
        guard let (step, definition) = running(result.stepID, attempt: result.attempt), step.processorID == processorID
        else { return }
        if result.hasSavedText { graph.endedTexts.append(step.id) }
        logFallbacks(result.calls, of: step)
        switch result.outcome {
        case .completed(.subtask(let subtask), _):
            end(step, .completed)
            begin(subtask, for: step)
        case .completed(let stepResult, let spent):
            end(step, .completed)
            spend(spent)
            logCut(stepResult, result.calls, of: step)
            let output = definition.behavior.record(&self, stepResult, of: step, definition)
            complete(step, output)
        case .failed(let failure):
            end(step, .failed, failure)
            spend(failure.usage)
            fail(step, failure, definition, random: random)
        case .handedBack:
            for call in result.calls { spend(call.spent) }
            graph.handBack(step.id)
        }
    }

    /// Once: the engine runs again on a graph whose expressions have been evaluated.
    private mutating func keepCalls(of result: FinishedStep) {
        guard let first = result.calls.first, !graph.newCalls.contains(where: { $0.id == first.id }),
            let step = graph.steps.first(where: { $0.id == result.stepID })
        else { return }
        graph.newCalls += result.calls.enumerated().map { index, call in
            CallRow(call, phaseID: step.phaseID, stepID: step.id, attempt: result.attempt, sequence: index + 1)
        }
    }

    private mutating func end(_ step: StepRow, _ status: AttemptRow.Status, _ failure: StepFailure? = nil) {
        graph.newAttempts.append(AttemptRow(stepID: step.id, status: status, error: failure?.json))
    }

    /// How many processors a step may lose before it fails.
    static let maxLostAttempts = 20

    /// Puts a running step whose processor is gone back into the queue, or fails it after too many attempts. Another
    /// attempt than the lost one is left alone: a processor has taken the step over meanwhile.
    mutating func takeOver(_ stepID: UUID, attempt: Int) {
        guard let (step, definition) = running(stepID, attempt: attempt) else { return }
        guard step.attempt >= Self.maxLostAttempts else {
            log(
                .rescue, step, .warning, "Attempt \(attempt) was lost with its processor; the step is run again.",
                ["attempt": .integer(Int64(attempt)), "processor_id": step.processorID.map { .string($0.text) } ?? .null])
            return graph.handBack(stepID, as: .lost)
        }
        let failure = StepFailure(
            code: "processor_lost", message: "The step lost its processor \(step.attempt) times.", isRetryable: false)
        end(step, .lost, failure)
        log(.limit, step, .error, failure.message, ["limit": "max_lost_attempts", "attempt": .integer(Int64(attempt))])
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
            return logRetry(step, failure, in: delay)
        }
        if failure.isRetryable, step.attempt > 1, step.attempt >= step.maxAttempts { logLastAttempt(step, failure) }
        logCut(failure, of: step)
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
