package import Foundation
import Postgres
package import Workflow

extension Store {
    /// Published versions of workflows, newest first.
    package func workflows(_ scope: Scope, _ filter: WorkflowFilter, _ page: PageRequest) async throws -> ListPage {
        let rows = try await database.query(
            """
            SELECT pressroom.workflow_json(w) AS item, w.id AS key FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.id < \(page.idBelow())
               AND (\(filter.name)::text IS NULL OR w.name = \(filter.name))
               AND (\(filter.status?.rawValue)::text IS NULL OR w.status = \(filter.status?.rawValue))
               AND (\(filter.category)::text IS NULL OR w.category = \(filter.category))
               AND (\(filter.tag)::text IS NULL OR \(filter.tag) = ANY(w.tags))
             ORDER BY w.id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit)
    }

    /// The active version of a workflow that comes last by Semantic Versioning; nil when there is none.
    package func latestWorkflow(_ scope: Scope, name: String) async throws -> WorkflowView? {
        let rows = try await database.query(
            """
            SELECT pressroom.workflow_json(w) AS json, w.id, w.version, w.status, pressroom.iso(w.updated_at) AS revision
              FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name) AND w.status = 'active'
             ORDER BY w.version_sort DESC, w.id DESC LIMIT 1
            """)
        return try rows.first.map(WorkflowView.init)
    }

    /// One version of a workflow, whatever its status; nil when there is none.
    package func workflow(_ scope: Scope, name: String, version: String) async throws -> WorkflowView? {
        let rows = try await database.query(
            """
            SELECT pressroom.workflow_json(w) AS json, w.id, w.version, w.status, pressroom.iso(w.updated_at) AS revision
              FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name) AND w.version = \(version)
            """)
        return try rows.first.map(WorkflowView.init)
    }

    /// The definition of a published version; nil when the scope has no such row. It never changes.
    package func workflowDefinition(_ scope: Scope, id: UUID) async throws -> WorkflowDefinition? {
        let rows = try await database.query(
            "SELECT definition FROM pressroom.workflows WHERE tenant_id = \(scope.tenantID) AND id = \(id)")
        guard let json = try rows.first?.json("definition") else { return nil }
        return try WorkflowDefinition(json: json)
    }

    /// The versions of a workflow, the last by Semantic Versioning first; nil when there is no such workflow.
    package func workflowVersions(_ scope: Scope, name: String, _ page: PageRequest) async throws -> ListPage? {
        let rows = try await database.query(
            """
            SELECT pressroom.workflow_json(w) AS item, w.version_sort || ' ' || w.id AS key FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name)
               AND (\(page.after?.key)::text IS NULL OR (w.version_sort || ' ' || w.id) COLLATE "C" < \(page.after?.key))
             ORDER BY (w.version_sort || ' ' || w.id) COLLATE "C" DESC LIMIT \(page.limit + 1)
            """)
        if rows.isEmpty, page.after == nil { return nil }
        return ListPage(rows, limit: page.limit)
    }

    /// Changes what may change in a published version.
    ///
    /// - Throws: `StoreError` `notFound`; `stale` when `ifRevision` is not the row's revision.
    package func changeWorkflow(
        _ scope: Scope, name: String, version: String, _ changes: WorkflowChanges, ifRevision: String?
    ) async throws -> WorkflowView {
        try await write(scope) { connection in
            let current = try await connection.query(
                """
                SELECT pressroom.iso(updated_at) AS revision FROM pressroom.workflows
                 WHERE tenant_id = \(scope.tenantID) AND name = \(name) AND version = \(version) FOR NO KEY UPDATE
                """)
            guard let revision: String = try current.first?.decode("revision") else {
                throw StoreError(.notFound, "There is no version \(version) of a workflow \(name).")
            }
            if let ifRevision, ifRevision != revision {
                throw StoreError(.stale, "The workflow was changed at \(revision).")
            }
            let rows = try await connection.query(
                """
                UPDATE pressroom.workflows w
                   SET status = coalesce(\(changes.status?.rawValue), w.status),
                       is_public = coalesce(\(changes.isPublic)::boolean, w.is_public),
                       tags = coalesce(\(changes.tags)::text[], w.tags),
                       category = CASE WHEN \(changes.category != nil)::boolean THEN \(changes.category ?? nil) ELSE w.category END
                 WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name) AND w.version = \(version)
                RETURNING pressroom.workflow_json(w) AS json, w.id, w.version, w.status, pressroom.iso(w.updated_at) AS revision
                """)
            return try WorkflowView(rows[0])
        }
    }
}
