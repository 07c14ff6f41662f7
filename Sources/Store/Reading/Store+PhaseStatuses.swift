package import Foundation
import Postgres
package import Workflow

/// The phases of one task by key, and the version of the workflow that it runs.
package struct PhaseStatuses: Sendable {
    package let workflowID: UUID
    package let workflowName: String
    package let statuses: [String: PhaseStatus]
}

extension Store {
    /// Where each phase of a task stands; nil when the scope has no such task.
    package func phaseStatuses(_ scope: Scope, _ taskID: UUID) async throws -> PhaseStatuses? {
        let rows = try await database.query(
            """
            SELECT t.workflow_id, t.workflow_name, p.key, p.status
              FROM pressroom.tasks t JOIN pressroom.phases p USING (tenant_id, task_id)
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)
            """)
        guard let first = rows.first else { return nil }
        var statuses: [String: PhaseStatus] = [:]
        for row in rows { statuses[try row.decode("key")] = try row.status("status") }
        return PhaseStatuses(
            workflowID: try first.decode("workflow_id"), workflowName: try first.decode("workflow_name"), statuses: statuses)
    }
}
