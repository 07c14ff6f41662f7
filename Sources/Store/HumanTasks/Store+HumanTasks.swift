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
    ///
    /// - Parameter examined: how many of them a page looks at.
    package func humanTasks(
        _ scope: Scope, _ filter: HumanTaskFilter, _ page: PageRequest, examined: Int = PageRequest.examined
    ) async throws -> ListPage {
        let below = try page.idBelow()
        var walk = ListWalk(
            table: "pressroom.human_tasks", id: "id", order: ["id"], item: "pressroom.human_task_json(t)", key: "t.id::text",
            tenantID: scope.tenantID, bounds: ["t.tenant_id = \(scope.tenantID)", "t.id < \(below)"])
        // Those that are over only gather.
        let statuses = filter.statuses.isEmpty && filter.isOverdue == true ? ["pending", "claimed"] : filter.statuses
        walk.ways = Set(statuses).sorted().map { "t.status = \($0)" }
        if let id = filter.assigneeID { walk.others.append("t.assignee_id = \(id)") }
        if let group = filter.assigneeGroup { walk.others.append("t.assignee_group = \(group)") }
        switch filter.isOverdue {
        case true: walk.others.append("t.status IN ('pending', 'claimed') AND t.due_at < now()")
        case false: walk.others.append("(t.status NOT IN ('pending', 'claimed') OR t.due_at IS NULL OR t.due_at >= now())")
        case nil: break
        }
        return try await walk.page(page, examined: examined, database)
    }
}
