import Foundation
import Store
import Workflow

/// Finds the workflow that a phase wants started, and checks the input against it.
struct SubtaskPreparation: Sendable {
    let store: Store
    let workflows: WorkflowCache
    let maxDepth: Int

    /// - Throws: `StepFailure`, also where the database cannot be asked, which may pass.
    func prepare(_ phase: WorkflowPhase, _ call: StepCall) async throws -> SubtaskStart {
        do {
            return try await start(phase, call.step, call.material, call.definition)
        } catch let failure as StepFailure {
            throw failure
        } catch {
            throw StepFailure(code: "unavailable", message: "\(error)", isRetryable: true)
        }
    }

    private func start(
        _ phase: WorkflowPhase, _ step: ClaimedStep, _ material: StepMaterial, _ phaseDefinition: PhaseDefinition
    ) async throws -> SubtaskStart {
        let scope = Scope(tenantID: step.tenantID, userID: material.task.context["user_id"]?.string ?? "")
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
        let rendered = template.render(.object(PromptScope(material.task, phaseDefinition, material.phases.first { $0.id == step.phaseID }, step.input).members)).withoutNULs
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
