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
        // By task, and not by the cascade, which goes row by row.
        _ = try await transaction.pipeline([
            """
            WITH removed AS (
                DELETE FROM pressroom.events WHERE tenant_id = \(tenant) AND task_id = \(taskID) RETURNING position
            )
            INSERT INTO pressroom.deleted_tasks (tenant_id, task_id, positions)
            SELECT \(tenant), \(taskID), coalesce(range_agg(int8range(position, position, '[]')), '{}') FROM removed
            """,
            "DELETE FROM pressroom.live_texts WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.logs WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.rankings WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.evaluations WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.output_versions WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.outputs WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.subtasks WHERE tenant_id = \(tenant) AND parent_task_id = \(taskID)",
            "DELETE FROM pressroom.human_tasks WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.steps WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.signals WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.phases WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            "DELETE FROM pressroom.tasks WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
        ])
    }

    /// Forgets the deleted tasks whose events would be past retention by now: no replay gets there any more.
    package func forgetDeletedTasks() async throws {
        _ = try await query(
            .retention,
            """
            DELETE FROM pressroom.deleted_tasks d USING pressroom.stream_heads h
             WHERE h.tenant_id = d.tenant_id AND coalesce(upper(d.positions), 0) <= h.pruned + 1
            """)
    }
}
