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
            var output = child.result?.object ?? [:]
            output["task_id"] = .string(child.taskID.text)
            engine.complete(step, .object(output))
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
    let workflows: WorkflowCache
    let maxDepth: Int

    /// - Throws: `StepFailure`; one that may pass where the database cannot be reached.
    func prepare(_ phase: WorkflowPhase, _ run: StepRun) async throws -> SubtaskStart {
        do {
            return try await start(phase, run)
        } catch let failure as StepFailure {
            throw failure
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
        let (id, definition) = try await find(phase, scope)
        let schema: JSONSchema
        let template: JSONTemplate
        do {
            schema = try JSONSchema(definition.input)
            template = try JSONTemplate(phase.input)
        } catch {  // both were checked when they were published
            throw StepFailure(code: "invalid_request", message: "\(error)", isRetryable: false)
        }
        let rendered = template.render(.object(run.promptScope.members)).withoutNULs
        let input = schema.applyingDefaults(to: rendered)
        let problems = schema.validate(input, at: "/input")
        guard problems.isEmpty else {
            throw StepFailure(
                code: "invalid_input",
                message: "The input does not fit \(definition.name) \(definition.version): "
                    + problems.prefix(5).map(\.description).joined(separator: "; "),
                isRetryable: false)
        }
        return SubtaskStart(
            stepID: step.id, attempt: step.attempt, workflow: definition, workflowID: id, input: input, depth: depth)
    }

    private func find(_ phase: WorkflowPhase, _ scope: Scope) async throws -> (UUID, WorkflowDefinition) {
        let view: WorkflowView?
        if let version = phase.version {
            view = try await store.workflow(scope, name: phase.name, version: version.description)
        } else {
            view = try await store.latestWorkflow(scope, name: phase.name)
        }
        guard let view, view.status == .active else {
            let what = phase.version.map { "version \($0) of a workflow \(phase.name)" } ?? "workflow \(phase.name)"
            throw StepFailure(code: "unknown_workflow", message: "There is no active \(what).", isRetryable: false)
        }
        return (view.id, try await workflows.workflow(scope, view.id).definition)
    }
}
