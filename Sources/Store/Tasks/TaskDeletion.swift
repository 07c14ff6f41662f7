package import Foundation
import Postgres
import Workflow

extension Store {
    /// Removes a task that is over, with all its rows and its events. Cursors stay valid; a replay leaves its events out.
    ///
    /// - Throws: `StoreError` `notFound`; `stale` when `ifVersion` does not have the row's version; `conflict` with the current
    ///   status while it is not over.
    package func deleteTask(_ scope: Scope, _ taskID: UUID, ifVersion: RowVersions?) async throws {
        let tenant = scope.tenantID
        try await refusingHeldRows {
            try await write(scope) { try await deleteTask(on: $0, tenant, taskID, ifVersion: ifVersion) }
        }
    }

    private func deleteTask(
        on transaction: WriteTransaction, _ tenant: String, _ taskID: UUID, ifVersion: RowVersions?
    ) async throws {
        let results = try await transaction.pipeline([
            .lockTimeout(heldRowTimeout),
            "SELECT status, version FROM pressroom.tasks WHERE tenant_id = \(tenant) AND task_id = \(taskID) FOR UPDATE",
        ])
        guard let row = results[1].first else { throw StoreError.noTask(taskID) }
        try StoreError.require(ifVersion, ofVersion: try row.decode("version"), "task")
        let status: TaskStatus = try row.status("status")
        guard status.isTerminal else {
            throw StoreError(.conflict, "A task that is \(status) cannot be deleted.", status: status.rawValue)
        }
        _ = try await transaction.query("SELECT pressroom.delete_task(\(tenant), \(taskID))")
    }

    /// Forgets the deleted tasks whose events would be past retention by now: no replay gets there any more.
    package func forgetDeletedTasks() async throws {
        _ = try await query(.retention, "SELECT pressroom.forget_deleted_tasks()")
    }
}
