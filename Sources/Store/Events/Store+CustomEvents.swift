package import Foundation
package import Postgres
package import Workflow

extension Store {
    /// Appends an application's own event to the task's log, whatever the task's status; answers its cursor.
    ///
    /// - Parameter type: `custom` or `custom.<name>`.
    /// - Throws: `StoreError` `notFound`.
    package func appendCustomEvent(
        on connection: PostgresConnection, _ scope: Scope, taskID: UUID, type: String, data: JSON
    ) async throws -> Cursor {
        // The task is locked first: a position that is taken for a task that is gone would stay empty.
        let tasks = try await connection.query(
            "SELECT 1 FROM pressroom.tasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID) FOR KEY SHARE")
        guard !tasks.isEmpty else {
            throw StoreError(.notFound, "There is no task \(taskID.uuidString.lowercased()).")
        }
        let rows = try await connection.query(
            """
            SELECT h.epoch, pressroom.append_events(h.tenant_id,
                       ARRAY[ROW(\(taskID)::uuid, \(type)::text, json_build_object('data', \(data)::json))::pressroom.change])
                   AS position
              FROM pressroom.stream_heads h WHERE h.tenant_id = \(scope.tenantID)
            """)
        guard let row = rows.first else { throw StoreError(.notFound, "The tenant has no log.") }
        return Cursor(epoch: try row.decode("epoch"), position: try row.decode("position"))
    }
}
