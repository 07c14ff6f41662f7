package import Base
package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `tasks`, and may change (the variables).
package struct TaskRow: Sendable, Equatable {
    package let taskID: UUID
    package let workflowID: UUID
    package let context: JSON
    package let input: JSON
    package let config: JSON
    package let priority: Int
    package let version: Int64
    /// How long until the task may start, by the database's clock; nil or not above zero: it may.
    package let startsIn: Duration?
    /// When the row was locked, by the database's clock; nil when it was read without a lock.
    package internal(set) var lockedAt: Date?
    package var status: TaskStatus
    package var phase: String?
    package var result: JSON?
    package var progress: Double
    package var error: JSON?
    /// What its calls have taken so far.
    package var usage: JSON
}

extension TaskRow {
    static let table = Table(
        "tasks", key: "task_id",
        fixed: "task_id uuid, workflow_id uuid, context jsonb, input json, config json, priority integer",
        changing: """
            status text, phase text, result json, progress double precision, error json, usage json
            """)

    static func select(_ tenant: String, _ taskIDs: [UUID], _ lock: RowLock) -> PostgresQuery {
        let lockedAt = lock == .none ? "NULL::float8" : "extract(epoch FROM now())::float8"
        return """
            SELECT \(raw: table.columns.names), version, extract(epoch FROM run_at - now())::float8 AS starts_in,
                   \(raw: lockedAt) AS locked_at
              FROM pressroom.tasks WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id\(raw: lock.rawValue)
            """
    }

    init(_ row: PostgresRow) throws {
        taskID = try row.decode("task_id")
        workflowID = try row.decode("workflow_id")
        context = try row.json("context") ?? [:]
        input = try row.json("input") ?? [:]
        config = try row.json("config") ?? [:]
        priority = try row.decode("priority")
        version = try row.decode("version")
        startsIn = try row.decode("starts_in", as: Double?.self).map { .seconds($0) }
        lockedAt = try row.decode("locked_at", as: Double?.self).map { Date(timeIntervalSince1970: $0) }
        status = try row.status("status")
        phase = try row.decode("phase")
        result = try row.json("result")
        progress = try row.decode("progress")
        error = try row.json("error")
        usage = try row.json("usage") ?? [:]
    }

    func write(to row: inout RecordSet) {
        row.set("task_id", taskID)
        row.set("status", .string(status.rawValue))
        row.set("phase", phase.map(JSON.string))
        row.set("result", result)
        row.set("progress", .number(progress))
        row.set("error", error)
        row.set("usage", usage)
    }
}

/// A task's row as a client gets it, with what the answer's headers need.
package struct TaskView: Sendable {
    package let json: JSONText
    package let version: Int64
    package let status: String
    package let taskID: UUID

    package init(json: JSONText, version: Int64, status: String, taskID: UUID) {
        self.json = json
        self.version = version
        self.status = status
        self.taskID = taskID
    }
}

extension TaskView {
    /// What a statement selects of a task that it calls `t`.
    static let columns = columns([])

    static func columns(_ include: Set<TaskInclusion>) -> String {
        "\(TaskInclusion.json("pressroom.task_text(t)", include)) AS json, t.version, t.status"
    }

    init(_ row: PostgresRow, taskID: UUID) throws {
        self.init(
            json: JSONText(bytes: row["json"].bytes ?? []), version: try row.decode("version"),
            status: try row.decode("status"), taskID: taskID)
    }
}

/// Members of a task's JSON that are not in it unless asked for.
package enum TaskInclusion: String, Sendable, Hashable, CaseIterable {
    /// What the completed phases brought, read from their outputs as they are.
    case accumulatedContext = "accumulated_context"
    /// Left out of lists only.
    case result

    /// SQL of the JSON of a task that a statement calls `t`, with the members that are derived.
    ///
    /// - Parameter text: SQL of the text of its row.
    static func json(_ text: String, _ include: Set<TaskInclusion>) -> String {
        guard include.contains(.accumulatedContext) else { return "\(text)::json" }
        return """
            (left(\(text), -1) || ',"accumulated_context":' || pressroom.accumulated_context(t.tenant_id, t.task_id) || '}')::json
            """
    }
}

extension Store {
    /// One task's row; nil when the scope has no such task.
    package func task(_ scope: Scope, _ taskID: UUID, include: Set<TaskInclusion> = []) async throws -> TaskView? {
        try await task(scope, taskID, include: include, database.query)
    }

    func task(
        _ scope: Scope, _ taskID: UUID, include: Set<TaskInclusion> = [],
        _ query: (PostgresQuery) async throws -> PostgresResult
    ) async throws -> TaskView? {
        let rows = try await query(
            """
            SELECT \(raw: TaskView.columns(include)) FROM pressroom.tasks t
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)
            """)
        return try rows.first.map { try TaskView($0, taskID: taskID) }
    }

    /// Whether the scope has such a task; it distinguishes an empty list from a wrong id.
    package func taskExists(_ scope: Scope, _ taskID: UUID) async throws -> Bool {
        try await !database.query(
            "SELECT 1 FROM pressroom.tasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID)"
        ).isEmpty
    }

    /// Tasks, newest first.
    ///
    /// - Parameters:
    ///   - include: the members that lists leave out.
    ///   - examined: how many tasks a page looks at.
    package func tasks(
        _ scope: Scope, _ filter: TaskFilter, _ page: PageRequest, include: Set<TaskInclusion> = [],
        examined: Int = PageRequest.examined
    ) async throws -> ListPage {
        var bounds: [PostgresQuery] = ["t.tenant_id = \(scope.tenantID)"]
        let start = try page.taskBelow().map { createdAt, id -> PostgresQuery in
            "(t.created_at, t.task_id) < ('epoch'::timestamptz + \(createdAt)::bigint * interval '1 microsecond', \(id)::uuid)"
        }
        if let since = filter.since { bounds.append("t.created_at >= \(since)::timestamptz") }
        if let until = filter.until { bounds.append("t.created_at < \(until)::timestamptz") }
        let conditions = TaskConditions(filter)
        let text = include.contains(.result) ? "pressroom.task_text(t)" : "pressroom.task_entry_text(t)"
        let walk = ListWalk(
            table: "pressroom.tasks", id: "task_id", order: ["created_at", "task_id"], item: TaskInclusion.json(text, include),
            key: "(extract(epoch FROM t.created_at) * 1000000)::bigint || '.' || t.task_id", tenantID: scope.tenantID,
            bounds: bounds, start: start, ways: conditions.ways, others: conditions.others)
        return try await walk.page(page, examined: examined, database)
    }
}

/// What a list of tasks is narrowed by; nil and empty mean: not by this.
package struct TaskFilter: Sendable {
    package var statuses: [TaskStatus] = []
    package var workflow: String?
    package var conversationID: String?
    package var userID: String?
    package var workspaceID: UUID?
    package var parentTaskID: UUID?
    /// RFC 3339; tasks created at or after it.
    package var since: String?
    /// RFC 3339; tasks created before it.
    package var until: String?
    /// Text that the workflow's name or a value of the input contains, whatever its case and accents.
    package var text: String?

    package init() {}
}

/// A list's filter as conditions on `t`: those by whose indexes tasks are found, and those that are tried on what is found.
struct TaskConditions {
    private(set) var ways: [PostgresQuery] = []
    private(set) var others: [PostgresQuery] = []

    /// The way is what the fewest tasks can be expected to meet.
    init(_ filter: TaskFilter) {
        let statuses = Set(filter.statuses)
        // Tasks that are over only gather, most of them completed.
        let areOpen = !statuses.isEmpty && statuses.allSatisfy { !$0.isTerminal }
        let areRare = !statuses.isEmpty && !statuses.contains(.completed)
        if let id = filter.parentTaskID { add("t.parent_task_id = \(id)") }
        if let id = filter.conversationID { add("t.context ->> 'conversation_id' = \(id)") }
        if areOpen { add(statuses, filter.workflow) }
        if let id = filter.userID { add("t.context ->> 'user_id' = \(id)") }
        if areRare && !areOpen { add(statuses, filter.workflow) }
        if let id = filter.workspaceID { add("t.workspace_id = \(id)") }
        if !areRare { add(statuses, filter.workflow) }
        if let text = filter.text {
            others.append(
                """
                (strpos(pressroom.folded(t.workflow_name), (SELECT pressroom.folded(\(text)))) > 0
                 OR pressroom.holds_text(t.input::jsonb, (SELECT pressroom.folded(\(text)))))
                """)
        }
    }

    private mutating func add(_ condition: PostgresQuery) {
        if ways.isEmpty { ways = [condition] } else { others.append(condition) }
    }

    /// They have an index together: a workflow's tasks of any status are those of each status.
    private mutating func add(_ statuses: Set<TaskStatus>, _ workflow: String?) {
        let names = statuses.map(\.rawValue).sorted()
        if !ways.isEmpty {
            if let workflow { others.append("t.workflow_name = \(workflow)") }
            if !names.isEmpty { others.append("t.status = ANY(\(names)::text[])") }
        } else if let workflow {
            let wanted = names.isEmpty ? TaskStatus.allCases.map(\.rawValue) : names
            ways = wanted.map { "t.workflow_name = \(workflow) AND t.status = \($0)" }
        } else {
            ways = names.map { "t.status = \($0)" }
        }
    }
}
