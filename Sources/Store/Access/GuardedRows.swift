package import Foundation
import Postgres
package import Workflow

/// What a request acts on.
package enum GuardedRow: Sendable, Hashable {
    case task(UUID)
    case output(UUID)
    case humanTask(UUID)
    case schedule(UUID)
    case workflow(name: String, version: String)
}

extension Store {
    /// What access to a row depends on; nil when the tenant has no such row, or the scope does not see it.
    package func guarded(_ scope: Scope, _ row: GuardedRow) async throws -> Guarded? {
        let rows = try await query(scope, Self.guardedQuery(scope.tenantID, row))
        return try rows.first.map { row in
            Guarded(
                workspaceID: try row.decode("workspace_id"), isPublic: try row.decode("is_public"),
                createdBy: try row.decode("created_by"))
        }
    }

    private static func guardedQuery(_ tenant: String, _ row: GuardedRow) -> PostgresQuery {
        switch row {
        case .task(let id): ofTask("SELECT \(id)::uuid AS task_id", tenant)
        case .output(let id):
            ofTask("SELECT o.task_id FROM pressroom.outputs o WHERE o.tenant_id = \(tenant) AND o.id = \(id)", tenant)
        case .humanTask(let id):
            ofTask("SELECT h.task_id FROM pressroom.human_tasks h WHERE h.tenant_id = \(tenant) AND h.id = \(id)", tenant)
        case .workflow(let name, let version):
            """
            SELECT w.workspace_id, w.is_public, w.created_by FROM pressroom.workflows w
             WHERE w.tenant_id = \(tenant) AND w.name = \(name) AND w.version = \(version)
            """
        case .schedule(let id):
            // All versions of a workflow are in one workspace. A schedule that is seen is as open as any version of it.
            """
            SELECT (SELECT w.workspace_id FROM pressroom.workflows w
                     WHERE w.tenant_id = s.tenant_id AND w.name = s.workflow_name LIMIT 1) AS workspace_id,
                   true AS is_public, s.created_by
              FROM pressroom.schedules s WHERE s.tenant_id = \(tenant) AND s.id = \(id)
            """
        }
    }

    private static func ofTask(_ id: PostgresQuery, _ tenant: String) -> PostgresQuery {
        """
        SELECT w.workspace_id, w.is_public, w.created_by
          FROM (\(part: id)) AS wanted
          JOIN pressroom.tasks t ON t.tenant_id = \(tenant) AND t.task_id = wanted.task_id
          JOIN pressroom.workflows w ON w.tenant_id = t.tenant_id AND w.id = t.workflow_id
        """
    }

    /// What the steps of a task see, which start sub-tasks: the rights of the task's workspace and of its workflow's author.
    /// Nil when there is no such task.
    package func sight(_ scope: Scope, ofTask taskID: UUID) async throws -> Sight? {
        let rows = try await database.query(in: scope.tenantID, Self.ofTask("SELECT \(taskID)::uuid AS task_id", scope.tenantID))
        return try rows.first.map { row in
            Sight.ofWorkspace(try row.decode("workspace_id"), author: try row.decode("created_by"))
        }
    }

    /// The same of a schedule that its owner has given to a workflow.
    package func sight(_ scope: Scope, ofScheduleFor workflow: String, owner: String) async throws -> Sight {
        let rows = try await database.query(
            in: scope.tenantID,
            """
            SELECT w.workspace_id FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(workflow) LIMIT 1
            """)
        return Sight.ofWorkspace(try rows.first?.decode("workspace_id"), author: owner)
    }
}

extension Sight {
    /// The policy of tasks as a condition, for lists that are bounded by the rows that they look at, and not by those that
    /// are seen.
    ///
    /// - Parameter task: the alias of the task in the statement.
    func condition(onTask task: String) -> PostgresQuery {
        """
        CASE WHEN \(raw: task).workspace_id IS NULL THEN \(seesUnplaced)::boolean
             ELSE \(raw: task).workspace_id = ANY(\(Array(workspaces))::uuid[])
                  AND (SELECT \(part: privacy("w")) FROM pressroom.workflows w
                        WHERE w.tenant_id = \(raw: task).tenant_id AND w.id = \(raw: task).workflow_id)
             END
        """
    }

    /// The policy of workflows as a condition, where the service has to see the others too.
    func condition(onWorkflow workflow: String) -> PostgresQuery {
        """
        CASE WHEN \(raw: workflow).workspace_id IS NULL THEN \(seesUnplaced)::boolean
             ELSE \(raw: workflow).workspace_id = ANY(\(Array(workspaces))::uuid[]) AND \(part: privacy(workflow)) END
        """
    }

    private func privacy(_ workflow: String) -> PostgresQuery {
        """
        (\(raw: workflow).is_public OR \(raw: workflow).created_by = nullif(\(userID), '')
         OR \(raw: workflow).workspace_id = ANY(\(Array(managed))::uuid[]))
        """
    }
}
