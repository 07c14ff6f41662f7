import Foundation
import Postgres
import Store
import Workflow

/// Where in a tenant's tables to look: somewhere else each time, so that what was read last is not what is read next.
struct ScaleSample: Sendable {
    /// A task, and what lists are narrowed by to find it.
    struct Place: Sendable {
        let taskID: UUID
        let createdAt: String
        let workflow: String
        let filter: TaskFilter
        let position: Int64
    }

    let scope: Scope
    private let client: PostgresClient
    private let oldest: Double
    private let newest: Double

    init(_ client: PostgresClient, tenantID: String) async throws {
        self.client = client
        scope = Scope(tenantID: tenantID, userID: "bench")
        let row = try await client.query(
            """
            SELECT extract(epoch FROM min(created_at))::float8 AS oldest, extract(epoch FROM max(created_at))::float8 AS newest
              FROM pressroom.tasks WHERE tenant_id = \(tenantID)
            """)[0]
        guard let oldest = try row.decode("oldest", as: Double?.self), let newest = try row.decode("newest", as: Double?.self)
        else { throw CommandFailure("the tenant \(tenantID) has no tasks; Benchmarks/scale/data_set.sql makes some") }
        self.oldest = oldest
        self.newest = newest
    }

    func place() async throws -> Place {
        let rows = try await client.query(
            """
            SELECT t.task_id, pressroom.iso(t.created_at) AS created_at, t.workflow_name, t.workspace_id, t.parent_task_id,
                   t.context ->> 'user_id' AS user_id, t.context ->> 'conversation_id' AS conversation_id,
                   (SELECT coalesce(min(e.position), 1) FROM pressroom.events e
                     WHERE e.tenant_id = t.tenant_id AND e.task_id = t.task_id) AS position
              FROM pressroom.tasks t
             WHERE t.tenant_id = \(scope.tenantID) AND t.created_at >= to_timestamp(\(Double.random(in: oldest...newest)))
               AND t.workspace_id IS NOT NULL AND t.parent_task_id IS NOT NULL
             ORDER BY t.created_at, t.task_id LIMIT 1
            """)
        // Behind the last of them: somewhere else, then.
        guard let row = rows.first else { return try await place() }
        var filter = TaskFilter()
        filter.workspaceID = try row.decode("workspace_id")
        filter.parentTaskID = try row.decode("parent_task_id")
        filter.userID = try row.decode("user_id")
        filter.conversationID = try row.decode("conversation_id")
        return Place(
            taskID: try row.decode("task_id"), createdAt: try row.decode("created_at"),
            workflow: try row.decode("workflow_name"), filter: filter, position: try row.decode("position"))
    }

    /// About how many rows a table has, as the last analysis found: to count twenty million takes minutes.
    func count(_ table: String) async throws -> Int {
        try await client.query(
            """
            SELECT greatest(reltuples, 0)::bigint FROM pg_class
             WHERE relnamespace = 'pressroom'::regnamespace AND relname = \(table)
            """)[0].decode(0)
    }

    /// How old the log's event number `count` is, from its beginning; nil when it has fewer.
    func age(ofEvent count: Int) async throws -> Duration? {
        try await client.query(
            """
            SELECT extract(epoch FROM now() - created_at)::float8 FROM pressroom.events
             WHERE tenant_id = \(scope.tenantID) ORDER BY position OFFSET \(count - 1) LIMIT 1
            """
        ).first.map { .seconds(try $0.decode(0, as: Double.self)) }
    }
}
