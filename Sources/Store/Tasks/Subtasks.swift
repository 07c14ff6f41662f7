package import Base
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
    private static let table = Table(
        "subtasks", fixed: "parent_step_id uuid, attempt integer, parent_task_id uuid, task_id uuid, depth integer")

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
    /// How many tasks are above a task; 0 for one that no other started.
    package func subtaskDepth(_ scope: Scope, _ taskID: UUID) async throws -> Int {
        let rows = try await query(
            scope,
            "SELECT depth FROM pressroom.subtasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID)")
        return try rows.first?.decode("depth") ?? 0
    }

    /// Adds to the graphs what their steps started; without a step of that kind there is no query.
    ///
    /// No lock: the end of a sub-task wakes its parent after the commit, so what is missed here is seen then.
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

}

extension SubtaskRow {
    /// The statements that start sub-tasks, each with its tie to the step that starts it.
    static func insert(_ starts: [(creation: TaskCreation, tie: JSON)], _ scope: Scope) -> [PostgresQuery] {
        TaskCreation.queries(scope, starts.map(\.creation)) + [
            table.insert(JSON.array(starts.map(\.tie)), scope.tenantID)
        ]
    }

    /// Asks for the end of tasks. The transaction may hold the tenant's head, so it must not wait for their rows.
    static func requestCancellations(_ taskIDs: [UUID], _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.wake_requests (tenant_id, task_id, action)
        SELECT \(tenant), r.task_id, 'cancel' FROM unnest(\(taskIDs)::uuid[]) AS r (task_id)
        """
    }
}
