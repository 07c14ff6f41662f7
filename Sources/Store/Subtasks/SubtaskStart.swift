package import Foundation
package import Workflow

/// A sub-task to be started, checked and complete. Its context, configuration and priority are its parent's.
package struct SubtaskStart: Sendable {
    package let taskID: UUID
    package let stepID: UUID
    package let attempt: Int
    package let workflow: WorkflowDefinition
    package let workflowID: UUID
    package let input: JSON
    /// How many tasks stand above it.
    package let depth: Int

    package init(
        stepID: UUID, attempt: Int, workflow: WorkflowDefinition, workflowID: UUID, input: JSON, depth: Int
    ) {
        taskID = UUIDv7.next()
        self.stepID = stepID
        self.attempt = attempt
        self.workflow = workflow
        self.workflowID = workflowID
        self.input = input
        self.depth = depth
    }

    /// The rows of the task, of its phases and of its tie to the parent, for `jsonb_to_recordset`.
    func rows(of parent: TaskRow) -> (task: JSON, phases: [JSON], tie: JSON) {
        var context = parent.context
        context["task_id"] = .string(taskID.text)
        let id = JSON.string(taskID.uuidString)
        let parentID = JSON.string(parent.taskID.uuidString)
        let task: JSON = [
            "task_id": id, "parent_task_id": parentID, "workflow_id": .string(workflowID.uuidString),
            "workflow_name": .string(workflow.name), "workflow_version": .string(workflow.version.description),
            "config": parent.config, "context": context, "input": input, "priority": .integer(Int64(parent.priority)),
        ]
        let phases = workflow.phases.enumerated().map { ordinal, phase -> JSON in
            [
                "id": .string(UUIDv7.next().uuidString), "task_id": id, "key": .string(phase.id),
                "kind": .string(phase.kind.rawValue), "ordinal": .integer(Int64(ordinal)),
                "needs": .array(phase.needs.map(JSON.string)),
            ]
        }
        let tie: JSON = [
            "parent_step_id": .string(stepID.uuidString), "attempt": .integer(Int64(attempt)), "parent_task_id": parentID,
            "task_id": id, "depth": .integer(Int64(depth)),
        ]
        return (task, phases, tie)
    }
}
