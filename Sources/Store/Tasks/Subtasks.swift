package import Foundation
import Postgres
package import Workflow

/// A task that a step started, as its parent sees it.
package struct SubtaskRow: Sendable, Equatable {
    package let taskID: UUID
    package let stepID: UUID
    /// The attempt of the step that started it.
    package let attempt: Int
    package let status: TaskStatus
    package let result: JSON?
    package let error: JSON?
}

extension SubtaskRow {
    init(_ row: PostgresRow) throws {
        taskID = try row.decode("task_id")
        stepID = try row.decode("parent_step_id")
        attempt = try row.decode("attempt")
        status = try row.status("status")
        result = try row.json("result")
        error = try row.json("error")
    }
}

extension Store {
    /// How many tasks stand above a task; 0 for one that no other started.
    package func subtaskDepth(_ scope: Scope, _ taskID: UUID) async throws -> Int {
        let rows = try await database.query(
            "SELECT depth FROM pressroom.subtasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID)")
        return try rows.first?.decode("depth") ?? 0
    }

    /// Adds to the graphs what their steps started; nothing is asked where no step is of that kind.
    ///
    /// No lock: a child's end wakes its parent after it was committed, so what is missed here is seen then.
    func loadSubtasks(_ connection: PostgresConnection, _ tenant: String, into graphs: inout [TaskGraph]) async throws {
        let taskIDs = graphs.filter { $0.steps.contains { $0.kind == .workflow } }.map(\.task.taskID)
        guard !taskIDs.isEmpty else { return }
        let rows = try await connection.query(
            """
            SELECT s.parent_task_id, s.parent_step_id, s.attempt, s.task_id, t.status, t.result, t.error
              FROM pressroom.subtasks s JOIN pressroom.tasks t USING (tenant_id, task_id)
             WHERE s.tenant_id = \(tenant) AND s.parent_task_id = ANY(\(taskIDs)::uuid[])
            """)
        for row in rows {
            let parent: UUID = try row.decode("parent_task_id")
            guard let index = graphs.firstIndex(where: { $0.task.taskID == parent }) else { continue }
            graphs[index].subtasks.append(try SubtaskRow(row))
        }
    }

    /// The statements that start sub-tasks, each with its tie to the step that wants it.
    func insertSubtasks(_ new: [(task: JSON, phases: [JSON], tie: JSON)], _ tenant: String) -> [PostgresQuery] {
        let tasks = JSON.array(new.map(\.task))
        let phases = JSON.array(new.flatMap(\.phases))
        let ties = JSON.array(new.map(\.tie))
        return [
            """
            INSERT INTO pressroom.tasks (tenant_id, task_id, parent_task_id, workspace_id, workflow_id, workflow_name,
                   workflow_version, config, context, input, priority, created_by)
            SELECT \(tenant), r.task_id, r.parent_task_id, p.workspace_id, r.workflow_id, r.workflow_name, r.workflow_version,
                   r.config, r.context, r.input, r.priority, p.created_by
              FROM jsonb_to_recordset(\(tasks)::jsonb) AS r (task_id uuid, parent_task_id uuid, workflow_id uuid,
                   workflow_name text, workflow_version text, config jsonb, context jsonb, input jsonb, priority integer)
              JOIN pressroom.tasks p ON p.tenant_id = \(tenant) AND p.task_id = r.parent_task_id
            """,
            """
            INSERT INTO pressroom.phases (tenant_id, id, task_id, key, kind, ordinal, needs)
            SELECT \(tenant), r.id, r.task_id, r.key, r.kind, r.ordinal, ARRAY(SELECT jsonb_array_elements_text(r.needs))
              FROM jsonb_to_recordset(\(phases)::jsonb) AS r (id uuid, task_id uuid, key text, kind text, ordinal integer,
                   needs jsonb)
            """,
            """
            INSERT INTO pressroom.subtasks (tenant_id, parent_step_id, attempt, parent_task_id, task_id, depth)
            SELECT \(tenant), r.parent_step_id, r.attempt, r.parent_task_id, r.task_id, r.depth
              FROM jsonb_to_recordset(\(ties)::jsonb) AS r (parent_step_id uuid, attempt integer, parent_task_id uuid,
                   task_id uuid, depth integer)
            """,
            """
            INSERT INTO pressroom.wakeups (tenant_id, task_id)
            SELECT \(tenant), r.task_id FROM jsonb_to_recordset(\(ties)::jsonb) AS r (task_id uuid)
            """,
        ]
    }

    /// Asks for the end of tasks, for whoever holds the tenant's head and must wait for nobody.
    func requestCancellations(_ taskIDs: [UUID], _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.wake_requests (tenant_id, task_id, action)
        SELECT \(tenant), r.task_id, 'cancel' FROM unnest(\(taskIDs)::uuid[]) AS r (task_id)
        """
    }
}
