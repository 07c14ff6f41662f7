import Foundation
import Store
import Workflow

/// Starts a sub-task and waits for its end. A processor runs the step only to find and check what is to be started;
/// the sub-task begins in the transaction that makes the step wait.
struct WorkflowKind: SingleStepBehavior {
    let phase: WorkflowPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .workflow, input: ["workflow": .string(phase.name)])
    }

    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {
        guard step.status == .waiting, !engine.graph.newSubtasks.contains(where: { $0.stepID == step.id }) else { return }
        guard let child = engine.graph.subtasks.first(where: { $0.stepID == step.id && $0.attempt == step.attempt }) else {
            return fail(&engine, step, "subtask_gone", "The sub-task was deleted.")
        }
        switch child.status {
        case .pending, .running, .waiting, .paused: return
        case .completed:
            var output = child.result?.object ?? [:]
            output["task_id"] = .string(child.taskID.text)
            engine.graph.updateStep(step.id) { row in
                row.status = .completed
                row.output = .object(output)
                row.error = nil
            }
        case .failed:
            let cause = child.error?["message"]?.string ?? "It gives no reason."
            fail(&engine, step, "subtask_failed", "The sub-task \(child.taskID.text) failed: \(cause)")
        case .cancelled: fail(&engine, step, "subtask_cancelled", "The sub-task \(child.taskID.text) was cancelled.")
        }
    }

    func run(_ call: StepCall) async throws -> StepResult {
        guard let subtasks = call.services.subtasks else { throw call.hasNoRun }
        return .subtask(try await subtasks.prepare(phase, call))
    }

    private func fail(_ engine: inout TaskEngine, _ step: StepRow, _ code: String, _ message: String) {
        engine.graph.updateStep(step.id) { row in
            row.status = .failed
            row.error = StepFailure(code: code, message: message, isRetryable: false).json
        }
    }
}

extension TaskEngine {
    /// The step waits for the sub-task that its run has prepared.
    mutating func begin(_ subtask: SubtaskStart, for step: StepRow) {
        graph.newSubtasks.append(subtask)
        graph.updateStep(step.id) { row in
            row.status = .waiting
            row.processorID = nil
            row.runAt = .never
            row.error = nil
        }
    }

    /// Ends sub-tasks that nothing waits for any more: somebody closed their step by hand.
    mutating func mendSubtasks() {
        for child in graph.subtasks where !child.status.isTerminal {
            let step = graph.steps.first { $0.id == child.stepID }
            if step?.status.isTerminal != false { graph.cancelledSubtasks.append(child.taskID) }
        }
    }
}
