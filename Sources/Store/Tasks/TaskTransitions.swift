package import Foundation
import Postgres
import Workflow

extension Store {
    /// Pauses, resumes, cancels or retries a task with all that belongs to it.
    ///
    /// - Throws: `StoreError` `notFound`; `stale` when `ifVersion` is not the row's version; `conflict` with the current
    ///   status where that does not allow the action, or where another session holds a row of the task.
    package func transitionTask(
        _ scope: Scope, _ taskID: UUID, _ action: TaskAction, ifVersion: Int64?
    ) async throws -> TaskView {
        let view = try await write(scope) { connection in
            let workflow = action == .retry ? try await workflow(connection, scope, ofTask: taskID) : nil
            try await refusingHeldRows {
                try await withTaskGraphs(connection, scope, [taskID], lockTimeout: heldRowTimeout) { graphs in
                    guard !graphs.isEmpty else { throw StoreError(.notFound, "There is no task \(taskID.text).") }
                    let task = graphs[0].task
                    if let ifVersion, ifVersion != task.version {
                        throw StoreError(.stale, "The task is at version \(task.version), not \(ifVersion).")
                    }
                    guard graphs[0].allows(action) else {
                        throw StoreError(
                            .conflict, "A task that is \(task.status) cannot \(action.rawValue).", status: task.status.rawValue)
                    }
                    graphs[0].perform(action, workflow)
                }
            }
            let rows = try await connection.query(
                """
                SELECT pressroom.task_json(t) AS json, version, status FROM pressroom.tasks t
                 WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID)
                """)
            return try TaskView(rows[0], taskID: taskID)
        }
        hints.workArrived()
        return view
    }

    private func workflow(
        _ connection: PostgresConnection, _ scope: Scope, ofTask taskID: UUID
    ) async throws -> WorkflowDefinition? {
        let rows = try await connection.query(
            """
            SELECT w.definition FROM pressroom.tasks t
              JOIN pressroom.workflows w ON w.tenant_id = t.tenant_id AND w.id = t.workflow_id
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)
            """)
        return try rows.first?.json("definition").map { try WorkflowDefinition(json: $0) }
    }
}
