package import Base
package import Foundation
import Postgres
import Workflow

/// A signal that no step has taken yet; `receivedBy` is set by the step that takes it.
package struct SignalRow: Sendable, Equatable {
    package let id: UUID
    package let name: String
    package let data: JSON
    package var receivedBy: UUID?
}

extension SignalRow {
    static let table = Table("signals", fixed: "id uuid, task_id uuid, name text, data json", changing: "received_by uuid")

    /// The signals of some tasks that no step has taken, the oldest first.
    static func select(_ tenant: String, _ taskIDs: [UUID], _ lock: RowLock) -> PostgresQuery {
        """
        SELECT \(raw: table.columns.names) FROM pressroom.signals
         WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[]) AND received_by IS NULL
         ORDER BY task_id, id\(raw: lock.rawValue)
        """
    }

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        name = try row.decode("name")
        data = try row.json("data") ?? .null
        receivedBy = try row.decode("received_by")
    }
}

extension Store {
    /// Keeps a signal for the task and wakes it, in a transaction that `write` has opened. One that comes before its phase
    /// waits for it.
    ///
    /// - Throws: `StoreError` `notFound`, or `conflict` with the status of a task that is over.
    package func addSignal(
        on transaction: WriteTransaction, _ scope: Scope, taskID: UUID, name: String, data: JSON
    ) async throws {
        let rows = try await transaction.query(
            """
            SELECT status FROM pressroom.tasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID) FOR KEY SHARE
            """)
        guard let row = rows.first else { throw StoreError.noTask(taskID) }
        let status: TaskStatus = try row.status("status")
        guard !status.isTerminal || status == .failed else {
            throw StoreError(.conflict, "A task that is \(status) takes no signals.", status: status.rawValue)
        }
        _ = try await transaction.pipeline([
            """
            INSERT INTO pressroom.signals (tenant_id, id, task_id, name, data)
            VALUES (\(scope.tenantID), \(UUIDv7.next()), \(taskID), \(name), \(data)::json)
            """,
            """
            INSERT INTO pressroom.wakeups (tenant_id, task_id) VALUES (\(scope.tenantID), \(taskID))
            ON CONFLICT (tenant_id, task_id) DO UPDATE SET run_at = least(wakeups.run_at, EXCLUDED.run_at)
            """,
        ])
        transaction.announce(.due)
    }
}
