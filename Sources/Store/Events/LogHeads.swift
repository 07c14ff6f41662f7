package import Foundation
import Postgres
package import Workflow

/// The head of a tenant's log.
package struct LogHead: Sendable, Hashable {
    package let tenantID: String
    package let epoch: String
    /// The last event; 0 before the first.
    package let position: Int64
    /// Events up to here are past retention.
    package let pruned: Int64
    /// Rises when a workflow becomes public or private: what was known of its tasks before counts no more.
    package let privacy: Int64

    package init(tenantID: String, epoch: String, position: Int64, pruned: Int64, privacy: Int64 = 0) {
        self.tenantID = tenantID
        self.epoch = epoch
        self.position = position
        self.pruned = pruned
        self.privacy = privacy
    }

    package var cursor: Cursor { Cursor(epoch: epoch, position: position) }
}

extension LogHead {
    /// What a statement selects first, of a head that it calls `h`.
    static let columns = "h.tenant_id, h.epoch, h.position, h.pruned, h.privacy"

    /// Reads the first five columns.
    init(_ row: PostgresRow) throws(PostgresError) {
        tenantID = try row.decode(0)
        epoch = try row.decode(1)
        position = try row.decode(2)
        pruned = try row.decode(3)
        privacy = try row.decode(4)
    }
}

/// The end of a task's part of the log, in one snapshot.
package struct TaskLogEnd: Sendable, Hashable {
    package let head: LogHead
    package let taskStatus: String
    /// The task's last event; nil when none is retained.
    package let lastPosition: Int64?
}

/// What a stream may be narrowed by, and who sees the task. But for its privacy nothing of it changes.
package struct TaskFacts: Sendable, Hashable {
    package let taskID: UUID
    package let conversationID: String?
    package let userID: String?
    package let workspaceID: UUID?
    /// Nil for an event whose task was deleted, and while the task is not looked up.
    package let workflowName: String?
    /// The creator of a private workflow in a workspace, empty when it is unknown; nil for what the whole workspace sees.
    package let privateTo: String?

    package init(
        taskID: UUID, conversationID: String? = nil, userID: String? = nil, workspaceID: UUID? = nil,
        workflowName: String? = nil, privateTo: String? = nil
    ) {
        self.taskID = taskID
        self.conversationID = conversationID
        self.userID = userID
        self.workspaceID = workspaceID
        self.workflowName = workflowName
        self.privateTo = privateTo
    }
}

extension TaskFacts {
    /// What a statement selects after a task's id, of a task that it calls `t`.
    static let columns = """
        t.conversation_id, t.user_id, t.workspace_id, t.workflow_name,
        CASE WHEN t.workspace_id IS NOT NULL THEN
            (SELECT CASE WHEN NOT w.is_public THEN coalesce(w.created_by, '') END
               FROM pressroom.workflows w WHERE w.tenant_id = t.tenant_id AND w.id = t.workflow_id) END
        """

    /// The columns of `tasks` that these need.
    static let sources =
        "tasks.tenant_id, tasks.conversation_id, tasks.user_id, tasks.workspace_id, tasks.workflow_id, tasks.workflow_name"

    /// Reads the task's id and `columns`, from the column `first` on.
    init(_ row: PostgresRow, from first: Int) throws(PostgresError) {
        self.init(
            taskID: try row.decode(first), conversationID: try row.decode(first + 1), userID: try row.decode(first + 2),
            workspaceID: try row.decode(first + 3), workflowName: try row.decode(first + 4), privateTo: try row.decode(first + 5))
    }
}

extension Store {
    /// The heads of those tenants that have a log, in one query.
    package func logHeads(tenantIDs: [String]) async throws -> [LogHead] {
        try await Self.logHeads(database, tenantIDs)
    }

    static func logHeads(_ database: PostgresClient, _ tenantIDs: [String]) async throws -> [LogHead] {
        try await query(
            database, .logs,
            """
            SELECT \(raw: LogHead.columns) FROM pressroom.stream_heads h
             WHERE h.tenant_id = ANY(\(tenantIDs)::text[])
            """
        ).map { row in try LogHead(row) }
    }

    /// The head of the log of the scope's tenant.
    ///
    /// - Throws: `StoreError` `notFound` for a tenant that does not exist, or no longer.
    package func logHead(_ scope: Scope) async throws -> LogHead {
        guard let head = try await streamReads.logHead(tenantID: scope.tenantID) else { throw Self.noTenant(scope.tenantID) }
        return head
    }

    /// The ends of the tasks' parts of the log, for the tasks that the scope sees.
    static func taskLogEnds(
        _ database: PostgresClient, _ scope: Scope, _ taskIDs: [UUID]
    ) async throws -> [UUID: TaskLogEnd] {
        try await database.query(
            in: scope,
            """
            SELECT \(raw: LogHead.columns), t.status,
                   (SELECT max(e.position) FROM pressroom.events e
                     WHERE e.tenant_id = t.tenant_id AND e.task_id = t.task_id), t.task_id
              FROM pressroom.tasks t JOIN pressroom.stream_heads h USING (tenant_id)
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = ANY(\(taskIDs)::uuid[])
            """
        ).reduce(into: [:]) { ends, row in
            ends[try row.decode(7)] = TaskLogEnd(
                head: try LogHead(row), taskStatus: try row.decode(5), lastPosition: try row.decode(6))
        }
    }

    /// What streams may be narrowed by, for those of the tasks that exist.
    package func taskFacts(tenantID: String, taskIDs: [UUID]) async throws -> [TaskFacts] {
        try await database.query(
            in: tenantID,
            """
            SELECT t.task_id, \(raw: TaskFacts.columns)
              FROM pressroom.tasks t WHERE t.tenant_id = \(tenantID) AND t.task_id = ANY(\(taskIDs)::uuid[])
            """
        ).map { try TaskFacts($0, from: 0) }
    }
}
