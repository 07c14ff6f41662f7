package import Base
package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `human_tasks`, and may change (the variables).
package struct HumanTaskRow: Sendable, Equatable {
    package let id: UUID
    package let stepID: UUID
    package private(set) var title: String
    package private(set) var description: String?
    package let formSchema: JSON?
    package let assigneeID: String?
    package let assigneeGroup: String?
    /// How long until `due_at`, by the database's clock; nil for never.
    package let dueIn: Duration?
    /// How long until `reminder_at`; nil for never.
    package let reminderIn: Duration?
    package let response: JSON
    package let completedBy: String?
    package var status: HumanTaskStatus
    /// Whether a processor has seen that the time of the reminder has passed.
    package var isReminded: Bool
    /// Of the title and the description as they were rendered last.
    private var rendered: String?

    package init(
        stepID: UUID, title: String, description: String?, formSchema: JSON?, assigneeID: String?, assigneeGroup: String?,
        dueIn: Duration?, reminderIn: Duration?
    ) {
        id = UUIDv7.next()
        self.stepID = stepID
        self.title = title
        self.description = description
        self.formSchema = formSchema
        self.assigneeID = assigneeID
        self.assigneeGroup = assigneeGroup
        self.dueIn = dueIn
        self.reminderIn = reminderIn
        response = .null
        completedBy = nil
        status = .pending
        isReminded = false
        rendered = Self.hash(title, description)
    }
}

extension HumanTaskRow {
    /// Takes in the texts as their templates give them now. What an operator has put in their place stays until a row that
    /// the templates read has changed.
    package mutating func render(title: String, description: String?) {
        let hash = Self.hash(title, description)
        guard rendered != hash else { return }
        rendered = hash
        self.title = title
        self.description = description
    }

    private static func hash(_ title: String, _ description: String?) -> String {
        StableHash.hex("\(title)\u{0}\(description ?? "")")
    }
}

extension HumanTaskRow {
    static let table = Table(
        "human_tasks",
        fixed: """
            id uuid, task_id uuid, step_id uuid, form_schema json, assignee_id text, assignee_group text
            """,
        changing: "title text, description text, rendered text, status text")

    /// What is set of a new human task.
    private static let added = table.fixed + "title text, description text, rendered text"

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        stepID = try row.decode("step_id")
        title = try row.decode("title")
        description = try row.decode("description")
        formSchema = try row.json("form_schema")
        assigneeID = try row.decode("assignee_id")
        assigneeGroup = try row.decode("assignee_group")
        dueIn = try row.decode("due_in", as: Double?.self).map { .seconds($0) }
        reminderIn = try row.decode("reminder_in", as: Double?.self).map { .seconds($0) }
        response = try row.json("response") ?? .null
        completedBy = try row.decode("completed_by")
        status = try row.status("status")
        isReminded = try row.decode("is_reminded")
        rendered = try row.decode("rendered")
    }

    static func insert(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.human_tasks (tenant_id, \(raw: added.names), due_at, reminder_at)
        SELECT \(tenant), \(raw: added.values), now() + make_interval(secs => r.due_in),
               now() + make_interval(secs => r.reminder_in)
          FROM json_to_recordset(\(rows)::json) AS r (\(raw: added.definitions), due_in double precision,
               reminder_in double precision)
         WHERE true
        """
    }

    static func update(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.human_tasks h
           SET \(raw: table.changing.assignments), reminded_at = CASE WHEN r.is_reminded THEN coalesce(h.reminded_at, now()) END
          FROM json_to_recordset(\(rows)::json) AS r (id uuid, \(raw: table.changing.definitions), is_reminded boolean)
         WHERE h.tenant_id = \(tenant) AND h.id = r.id
        """
    }

    var json: JSON {
        [
            "id": .string(id.text), "step_id": .string(stepID.text), "title": .string(title),
            "description": description.map(JSON.string) ?? .null, "form_schema": formSchema ?? .null,
            "assignee_id": assigneeID.map(JSON.string) ?? .null, "assignee_group": assigneeGroup.map(JSON.string) ?? .null,
            "due_in": dueIn.map { .number($0 / .seconds(1)) } ?? .null,
            "reminder_in": reminderIn.map { .number($0 / .seconds(1)) } ?? .null, "status": .string(status.rawValue),
            "is_reminded": .bool(isReminded), "rendered": rendered.map(JSON.string) ?? .null,
        ]
    }
}

/// A human task's row as a client gets it, with what the answer's headers need.
package struct HumanTaskView: Sendable {
    package let id: UUID
    package let json: JSONText
    package let version: Int64

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        json = JSONText(bytes: row["json"].bytes ?? [])
        version = try row.decode("version")
    }
}

/// What a list of human tasks is narrowed by; nil and empty mean: not by this.
package struct HumanTaskFilter: Sendable {
    package var statuses: [String] = []
    package var assigneeID: String?
    package var assigneeGroup: String?
    /// Open, and due before now; false: all others.
    package var isOverdue: Bool?
    /// Those that this user may answer by itself or by a group, or has claimed.
    package var mine: (userID: String, groups: [String])?

    package init() {}
}

extension Store {
    /// One human task; nil when the scope has none of that id.
    package func humanTask(_ scope: Scope, _ id: UUID) async throws -> HumanTaskView? {
        try await humanTask(scope, id) { try await query(scope, $0) }
    }

    func humanTask(
        _ scope: Scope, _ id: UUID, _ query: (PostgresQuery) async throws -> PostgresResult
    ) async throws -> HumanTaskView? {
        let rows = try await query(
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
            tenantID: scope.tenantID, bounds: ["t.tenant_id = \(scope.tenantID)"], start: "t.id < \(below)")
        if let sight = scope.sight {
            walk.others.append(
                """
                (SELECT \(part: sight.condition(onTask: "s")) FROM pressroom.tasks s
                  WHERE s.tenant_id = t.tenant_id AND s.task_id = t.task_id)
                """)
        }
        // Those that are over only grow in number.
        let statuses = filter.statuses.isEmpty && filter.isOverdue == true ? ["pending", "claimed"] : filter.statuses
        walk.ways = Set(statuses).sorted().map { "t.status = \($0)" }
        if let id = filter.assigneeID { walk.others.append("t.assignee_id = \(id)") }
        if let group = filter.assigneeGroup { walk.others.append("t.assignee_group = \(group)") }
        if let (user, groups) = filter.mine {
            walk.others.append(
                "(t.assignee_id = \(user) OR t.claimed_by = \(user) OR t.assignee_group = ANY(\(groups)::text[]))")
        }
        switch filter.isOverdue {
        case true: walk.others.append("t.status IN ('pending', 'claimed') AND t.due_at < now()")
        case false: walk.others.append("(t.status NOT IN ('pending', 'claimed') OR t.due_at IS NULL OR t.due_at >= now())")
        case nil: break
        }
        return try await walk.page(page, examined: examined, database)
    }
}

extension Store {
    /// Adds to the graphs, and locks, the human tasks of their steps; without a step of that kind there is no query.
    func loadHumanTasks(
        _ connection: PostgresConnection, _ tenant: String, into graphs: inout [TaskGraph], lockTimeout: Duration
    ) async throws {
        let taskIDs = graphs.filter { $0.steps.contains { $0.kind == .human } }.map(\.task.taskID)
        guard !taskIDs.isEmpty else { return }
        let results = try await connection.pipeline([
            .lockTimeout(lockTimeout),
            """
            SELECT \(raw: HumanTaskRow.table.columns.names), response, completed_by,
                   reminded_at IS NOT NULL AS is_reminded,
                   extract(epoch FROM due_at - now())::float8 AS due_in,
                   extract(epoch FROM reminder_at - now())::float8 AS reminder_in
              FROM pressroom.human_tasks WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id, id FOR NO KEY UPDATE
            """,
            .lockTimeout(.zero),
        ])
        for row in results[1] {
            let taskID: UUID = try row.decode("task_id")
            guard let index = graphs.firstIndex(where: { $0.task.taskID == taskID }) else { continue }
            graphs[index].humanTasks.append(try HumanTaskRow(row))
        }
    }
}
