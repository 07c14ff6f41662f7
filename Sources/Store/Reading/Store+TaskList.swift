package import Foundation
import Postgres
import Workflow

extension Store {
    /// One task's row; nil when the scope has no such task.
    package func task(_ scope: Scope, _ taskID: UUID) async throws -> TaskView? {
        let rows = try await database.query(
            """
            SELECT pressroom.task_json(t) AS json, t.version, t.status FROM pressroom.tasks t
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)
            """)
        return try rows.first.map { try TaskView($0, taskID: taskID) }
    }

    /// Tasks, newest first.
    ///
    /// One condition finds them, by an index that has them in order; the others are tried on what it finds. So a page
    /// costs no more than `examined` rows, whatever the tables hold. When they do not fill it, the page is shorter than
    /// asked for, or empty, and `next` goes on behind them.
    package func tasks(
        _ scope: Scope, _ filter: TaskFilter, _ page: PageRequest, examined: Int = 10_000
    ) async throws -> ListPage {
        let conditions = TaskConditions(filter)
        let bounds = try bounds(scope, filter, page)
        if conditions.others.isEmpty {
            let query = found(conditions, bounds, limit: page.limit + 1)
            return ListPage(try await database.query(query), limit: page.limit)
        }
        let rows = try await database.query(
            """
            SELECT near.key, near.number = \(examined) AS is_last,
                   CASE WHEN near.fits THEN
                       (SELECT pressroom.task_json(t) FROM pressroom.tasks t
                         WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = near.task_id) END AS item
              FROM (SELECT t.task_id, t.created_at, \(raw: Self.key) AS key,
                           (\(part: conditions.others.joined())) IS TRUE AS fits,
                           row_number() OVER (ORDER BY t.created_at DESC, t.task_id DESC) AS number
                      FROM pressroom.tasks t WHERE \(part: bounds) AND \(part: conditions.first ?? "true")
                     ORDER BY t.created_at DESC, t.task_id DESC LIMIT \(examined)) near
             WHERE near.fits OR near.number = \(examined)
             ORDER BY near.created_at DESC, near.task_id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit, isCut: try rows.last?.decode("is_last") ?? false)
    }

    /// What bounds the walk along each of the indexes.
    private func bounds(_ scope: Scope, _ filter: TaskFilter, _ page: PageRequest) throws -> PostgresQuery {
        var parts: [PostgresQuery] = ["t.tenant_id = \(scope.tenantID)"]
        if let (createdAt, id) = try page.taskBelow() {
            parts.append(
                "(t.created_at, t.task_id) < ('epoch'::timestamptz + \(createdAt)::bigint * interval '1 microsecond', \(id)::uuid)")
        }
        if let since = filter.since { parts.append("t.created_at >= \(since)::timestamptz") }
        if let until = filter.until { parts.append("t.created_at < \(until)::timestamptz") }
        return parts.joined()
    }

    /// The first of those that one condition finds, or several statuses: these are walked each by itself, and merged.
    private func found(_ conditions: TaskConditions, _ bounds: PostgresQuery, limit: Int) -> PostgresQuery {
        let rows: PostgresQuery = """
            SELECT pressroom.task_json(t) AS item, \(raw: Self.key) AS key, t.created_at, t.task_id
              FROM pressroom.tasks t WHERE \(part: bounds) AND \(part: conditions.first ?? "true")
             ORDER BY t.created_at DESC, t.task_id DESC LIMIT \(limit)
            """
        guard !conditions.statuses.isEmpty else { return rows }
        return """
            SELECT t.item, t.key FROM unnest(\(conditions.statuses)::text[]) AS wanted (status)
             CROSS JOIN LATERAL (\(part: rows)) t
             ORDER BY t.created_at DESC, t.task_id DESC LIMIT \(limit)
            """
    }

    private static let key = "(extract(epoch FROM t.created_at) * 1000000)::bigint || '.' || t.task_id"
}

extension [PostgresQuery] {
    /// All of them must hold.
    fileprivate func joined() -> PostgresQuery {
        dropFirst().reduce(self[0]) { "\(part: $0) AND \(part: $1)" }
    }
}
