package import Foundation
package import Postgres
package import Workflow

/// A signal that no step has taken yet; `receivedBy` is set by the step that takes it.
package struct SignalRow: Sendable, Equatable {
    package let id: UUID
    package let name: String
    package let data: JSON
    package var receivedBy: UUID?
}

extension SignalRow {
    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        name = try row.decode("name")
        data = try row.json("data") ?? .null
        receivedBy = nil
    }
}

extension Store {
    /// Keeps a signal for the task and wakes it. One that comes before its phase waits for it.
    ///
    /// - Throws: `StoreError` `notFound`, or `conflict` with the status of a task that is over.
    package func addSignal(_ scope: Scope, taskID: UUID, name: String, data: JSON) async throws {
        try await write(scope) { try await addSignal(on: $0, scope, taskID: taskID, name: name, data: data) }
        hints.workArrived()
    }

    /// The same in a transaction that `write` has opened; the caller gives the hint after the commit.
    package func addSignal(
        on connection: PostgresConnection, _ scope: Scope, taskID: UUID, name: String, data: JSON
    ) async throws {
        let rows = try await connection.query(
            """
            SELECT status FROM pressroom.tasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID) FOR KEY SHARE
            """)
        guard let row = rows.first else { throw StoreError(.notFound, "There is no task \(taskID.text).") }
        let status: TaskStatus = try row.status("status")
        guard !status.isTerminal || status == .failed else {
            throw StoreError(.conflict, "A task that is \(status) takes no signals.", status: status.rawValue)
        }
        _ = try await connection.pipeline([
            """
            INSERT INTO pressroom.signals (tenant_id, id, task_id, name, data)
            VALUES (\(scope.tenantID), \(UUIDv7.next()), \(taskID), \(name), \(data)::jsonb)
            """,
            """
            INSERT INTO pressroom.wakeups (tenant_id, task_id) VALUES (\(scope.tenantID), \(taskID))
            ON CONFLICT (tenant_id, task_id) DO UPDATE SET run_at = least(wakeups.run_at, EXCLUDED.run_at)
            """,
        ])
    }
}
