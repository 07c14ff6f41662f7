package import Foundation
import Postgres

/// The rows that belong to a task, a page at a time. Each throws `StoreError` `invalid` for a token of another list.
extension Store {
    /// Whether the scope has such a task; what tells an empty list from a wrong id.
    package func taskExists(_ scope: Scope, _ taskID: UUID) async throws -> Bool {
        try await !database.query(
            "SELECT 1 FROM pressroom.tasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID)"
        ).isEmpty
    }

    package func outputs(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        let rows = try await database.query(
            """
            SELECT pressroom.output_json(o) AS item, o.id AS key FROM pressroom.outputs o
             WHERE o.tenant_id = \(scope.tenantID) AND o.task_id = \(taskID) AND o.id < \(page.idBelow())
             ORDER BY o.id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit)
    }

    /// The texts of one output; nil when the task has no such output.
    package func outputVersions(
        _ scope: Scope, _ taskID: UUID, outputID: UUID, _ page: PageRequest
    ) async throws -> ListPage? {
        let results = try await database.pipeline([
            """
            SELECT 1 FROM pressroom.outputs
             WHERE tenant_id = \(scope.tenantID) AND id = \(outputID) AND task_id = \(taskID)
            """,
            """
            SELECT pressroom.output_version_json(v) AS item, '0.' || v.version_number AS key
              FROM pressroom.output_versions v
             WHERE v.tenant_id = \(scope.tenantID) AND v.output_id = \(outputID) AND v.task_id = \(taskID)
               AND v.version_number < \(page.pairBelow().1)::bigint
             ORDER BY v.version_number DESC LIMIT \(page.limit + 1)
            """,
        ])
        return results[0].isEmpty ? nil : ListPage(results[1], limit: page.limit)
    }

    package func evaluations(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        let rows = try await database.query(
            """
            SELECT pressroom.evaluation_json(e) AS item, e.id AS key FROM pressroom.evaluations e
             WHERE e.tenant_id = \(scope.tenantID) AND e.task_id = \(taskID) AND e.id < \(page.idBelow())
             ORDER BY e.id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit)
    }

    package func rankings(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        let rows = try await database.query(
            """
            SELECT pressroom.ranking_json(r) AS item, r.id AS key FROM pressroom.rankings r
             WHERE r.tenant_id = \(scope.tenantID) AND r.task_id = \(taskID) AND r.id < \(page.idBelow())
             ORDER BY r.id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit)
    }

    package func logs(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        let rows = try await database.query(
            """
            SELECT pressroom.log_json(l) AS item, l.id AS key FROM pressroom.logs l
             WHERE l.tenant_id = \(scope.tenantID) AND l.task_id = \(taskID) AND l.id < \(page.idBelow())
             ORDER BY l.id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit)
    }

    /// By id and not by `sequence`, because several phases that run side by side share none.
    package func steps(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        let rows = try await database.query(
            """
            SELECT pressroom.step_json(s) AS item, s.id AS key FROM pressroom.steps s
             WHERE s.tenant_id = \(scope.tenantID) AND s.task_id = \(taskID) AND s.id < \(page.idBelow())
             ORDER BY s.id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit)
    }
}
