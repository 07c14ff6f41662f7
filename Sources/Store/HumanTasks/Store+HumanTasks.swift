package import Foundation
import Postgres

extension Store {
    /// One human task; nil when the scope has none of that id.
    package func humanTask(_ scope: Scope, _ id: UUID) async throws -> HumanTaskView? {
        let rows = try await database.query(
            """
            SELECT h.id, h.version, pressroom.human_task_json(h) AS json FROM pressroom.human_tasks h
             WHERE h.tenant_id = \(scope.tenantID) AND h.id = \(id)
            """)
        return try rows.first.map(HumanTaskView.init)
    }

    /// Human tasks, newest first.
    package func humanTasks(_ scope: Scope, _ filter: HumanTaskFilter, _ page: PageRequest) async throws -> ListPage {
        let below = try page.idBelow()
        var query: PostgresQuery = """
            SELECT pressroom.human_task_json(h) AS item, h.id AS key FROM pressroom.human_tasks h
             WHERE h.tenant_id = \(scope.tenantID) AND h.id < \(below)
            """
        if !filter.statuses.isEmpty { query += " AND h.status = ANY(\(filter.statuses)::text[])" }
        if let id = filter.assigneeID { query += " AND h.assignee_id = \(id)" }
        if let group = filter.assigneeGroup { query += " AND h.assignee_group = \(group)" }
        switch filter.isOverdue {
        case true: query += " AND h.status IN ('pending', 'claimed') AND h.due_at < now()"
        case false: query += " AND (h.status NOT IN ('pending', 'claimed') OR h.due_at IS NULL OR h.due_at >= now())"
        case nil: break
        }
        query += " ORDER BY h.id DESC LIMIT \(page.limit + 1)"
        return ListPage(try await database.query(query), limit: page.limit)
    }
}
