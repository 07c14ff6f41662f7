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
    /// - Parameter examined: how many tasks a page looks at.
    package func tasks(
        _ scope: Scope, _ filter: TaskFilter, _ page: PageRequest, examined: Int = PageRequest.examined
    ) async throws -> ListPage {
        var bounds: [PostgresQuery] = ["t.tenant_id = \(scope.tenantID)"]
        if let (createdAt, id) = try page.taskBelow() {
            bounds.append(
                "(t.created_at, t.task_id) < ('epoch'::timestamptz + \(createdAt)::bigint * interval '1 microsecond', \(id)::uuid)")
        }
        if let since = filter.since { bounds.append("t.created_at >= \(since)::timestamptz") }
        if let until = filter.until { bounds.append("t.created_at < \(until)::timestamptz") }
        let conditions = TaskConditions(filter)
        let walk = ListWalk(
            table: "pressroom.tasks", id: "task_id", order: ["created_at", "task_id"], item: "pressroom.task_json(t)",
            key: "(extract(epoch FROM t.created_at) * 1000000)::bigint || '.' || t.task_id", tenantID: scope.tenantID,
            bounds: bounds, ways: conditions.ways, others: conditions.others)
        return try await walk.page(page, examined: examined, database)
    }
}
