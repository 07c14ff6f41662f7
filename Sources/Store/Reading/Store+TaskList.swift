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
    /// Only the conditions that are asked for are in the statement: one with `OR $n IS NULL` for each filter would be
    /// planned once for all of them, and read a million tasks where an index finds ten.
    package func tasks(_ scope: Scope, _ filter: TaskFilter, _ page: PageRequest) async throws -> ListPage {
        let below = try page.idBelow()
        var query: PostgresQuery = """
            SELECT pressroom.task_json(t) AS item, t.task_id AS key FROM pressroom.tasks t
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id < \(below)
            """
        if !filter.statuses.isEmpty { query += " AND t.status = ANY(\(filter.statuses.map(\.rawValue))::text[])" }
        if let workflow = filter.workflow { query += " AND t.workflow_name = \(workflow)" }
        if let id = filter.conversationID { query += " AND t.context ->> 'conversation_id' = \(id)" }
        if let id = filter.userID { query += " AND t.context ->> 'user_id' = \(id)" }
        if let id = filter.workspaceID { query += " AND t.workspace_id = \(id)" }
        if let id = filter.parentTaskID { query += " AND t.parent_task_id = \(id)" }
        if let since = filter.since { query += " AND t.created_at >= \(since)::timestamptz" }
        if let until = filter.until { query += " AND t.created_at < \(until)::timestamptz" }
        if let text = filter.text {
            query += " AND (strpos(lower(t.workflow_name), lower(\(text))) > 0 OR strpos(lower(t.input::text), lower(\(text))) > 0)"
        }
        query += " ORDER BY t.task_id DESC LIMIT \(page.limit + 1)"
        return ListPage(try await database.query(query), limit: page.limit)
    }
}

extension PostgresQuery {
    /// Appends a part whose parameters are numbered from 1; they go on from the statement's own.
    fileprivate static func += (query: inout PostgresQuery, part: PostgresQuery) {
        let offset = query.parameters.count
        let pieces = part.sql.split(separator: "$", omittingEmptySubsequences: false)
        query.sql += pieces[0]
        for piece in pieces.dropFirst() {
            let digits = piece.prefix { $0.isWholeNumber }
            query.sql += "$\((Int(digits) ?? 0) + offset)" + piece.dropFirst(digits.count)
        }
        query.parameters += part.parameters
    }
}
