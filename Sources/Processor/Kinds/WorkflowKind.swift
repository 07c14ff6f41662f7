import Base
import Foundation
import Store
import Workflow

/// Starts a sub-task and waits for its end. A processor runs the step only to find the workflow and check its input; the
/// sub-task is created in the transaction that makes the step wait.
struct WorkflowKind: SingleStepBehavior {
    let phase: WorkflowPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .workflow, input: ["workflow": .string(phase.name)])
    }

    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {
        guard step.status == .waiting, !engine.graph.newSubtasks.contains(where: { $0.stepID == step.id }) else { return }
        guard let child = engine.graph.subtasks.first(where: { $0.stepID == step.id && $0.attempt == step.attempt }) else {
            return engine.fail(step, code: "subtask_gone", "The sub-task was deleted.")
        }
        switch child.status {
        case .pending, .running, .waiting, .paused: return
        case .completed:
            engine.complete(step, child.output)
        case .failed:
            let cause = child.error?["message"]?.string ?? "It gives no reason."
            engine.fail(step, code: "subtask_failed", "The sub-task \(child.taskID.text) failed: \(cause)")
        case .cancelled: engine.fail(step, code: "subtask_cancelled", "The sub-task \(child.taskID.text) was cancelled.")
        }
    }

    func run(_ run: StepRun) async throws -> StepResult {
        guard let subtasks = run.services.subtasks else { throw run.hasNoRun }
        return .subtask(try await subtasks.prepare(phase, run))
    }
}

extension SubtaskRow {
    /// What a completed sub-task brings its parent: its result, with its id.
    var output: JSON {
        var output = result?.object ?? [:]
        output["task_id"] = .string(taskID.text)
        return .object(output)
    }
}

extension TaskEngine {
    /// Creates the sub-task that a run has prepared, and lets the step wait for it.
    mutating func begin(_ subtask: SubtaskStart, for step: StepRow) {
        graph.newSubtasks.append(subtask)
        graph.updateStep(step.id) { row in
            row.status = .waiting
            row.processorID = nil
            row.runAt = .never
            row.error = nil
        }
    }

    /// Cancels sub-tasks whose step was closed by hand.
    mutating func mendSubtasks() {
        for child in graph.subtasks where !child.status.isTerminal {
            let step = graph.steps.first { $0.id == child.stepID }
            if step?.status.isTerminal != false { graph.cancelledSubtasks.append(child.taskID) }
        }
    }
}

/// Finds the workflow that a phase wants started, and checks the input against it.
struct SubtaskPreparation: Sendable {
    let store: Store
    let maxDepth: Int

    /// - Throws: `StepFailure`; one that may pass where the database cannot be reached.
    func prepare(_ phase: WorkflowPhase, _ run: StepRun) async throws -> SubtaskStart {
        do {
            return try await start(phase, run)
        } catch let failure as StepFailure {
            throw failure
        } catch let refusal as StartRefusal {
            throw StepFailure(
                code: refusal.reason == .invalidInput ? "invalid_input" : "unknown_workflow", message: refusal.message,
                isRetryable: false)
        } catch {
            throw StepFailure(code: "unavailable", message: "\(error)", isRetryable: true)
        }
    }

    private func start(_ phase: WorkflowPhase, _ run: StepRun) async throws -> SubtaskStart {
        let step = run.step
        let scope = Scope(tenantID: step.tenantID, userID: run.material.task.context["user_id"]?.string ?? "")
        let depth = try await store.subtaskDepth(scope, step.taskID) + 1
        guard depth <= maxDepth else {
            throw StepFailure(
                code: "subtask_too_deep", message: "Sub-tasks go \(maxDepth) deep at most.", isRetryable: false)
        }
        guard let sight = try await store.sight(scope, ofTask: step.taskID) else {
            throw StepFailure(code: "task_gone", message: "The task was deleted.", isRetryable: false)
        }
        let workflow = try await store.startableWorkflow(
            scope.seeing(sight), phase.name, version: phase.version?.description)
        let input: JSON
        do {
            let template = try JSONTemplate(phase.input)
            input = try await workflow.checkedInput(try template.render(.object(run.promptScope.members)).withoutNULs)
        } catch let refusal as StartRefusal {
            throw refusal
        } catch {  // the template and the schema were checked when they were published
            throw StepFailure(code: "invalid_request", message: "\(error)", isRetryable: false)
        }
        return SubtaskStart(
            stepID: step.id, attempt: step.attempt, workflow: workflow.definition, workflowID: workflow.id, input: input,
            depth: depth)
    }
}
