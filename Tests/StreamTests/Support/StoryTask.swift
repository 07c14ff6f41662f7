import Base
import Foundation
import Postgres
import Workflow

/// A task of a story, and what its rows say of it.
struct StoryTask: Sendable, Hashable {
    let tenantID: String
    let id: UUID
    let conversationID: String
    let workflowName: String

    var path: String { id.text }

    static let userID = "reader"

    /// Adds the task with a phase, two steps and two outputs, in one transaction as in psql.
    func add(to database: PostgresClient) async throws {
        let context = ExecutionContext(
            tenantID: tenantID, userID: Self.userID, conversationID: conversationID, taskID: id, traceID: "0")
        try await database.withTransaction { connection in
            _ = try await connection.query(
                """
                WITH workflow AS (
                    INSERT INTO pressroom.workflows (tenant_id, name, version, version_sort, definition)
                    VALUES (\(tenantID), \(workflowName), \(path), '1', '{}') RETURNING id)
                INSERT INTO pressroom.tasks (tenant_id, task_id, workflow_id, workflow_name, workflow_version, context)
                SELECT \(tenantID), \(id), workflow.id, \(workflowName), '1.0.0', \(context.json.text)::jsonb
                  FROM workflow
                """)
            _ = try await connection.query(
                "UPDATE pressroom.tasks SET status = 'running' WHERE tenant_id = \(tenantID) AND task_id = \(id)")
            _ = try await connection.query(
                """
                WITH phase AS (
                    INSERT INTO pressroom.phases (tenant_id, task_id, key, kind, ordinal)
                    VALUES (\(tenantID), \(id), 'write', 'write', 1) RETURNING id)
                INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, kind, sequence)
                SELECT \(tenantID), \(id), phase.id, 'write', number FROM phase, generate_series(1, 2) AS number
                """)
            _ = try await connection.query(
                """
                INSERT INTO pressroom.outputs (tenant_id, task_id, track)
                VALUES (\(tenantID), \(id), 'a'), (\(tenantID), \(id), 'b')
                """)
        }
    }
}

extension [StoryTask] {
    /// In the order in which everybody locks them.
    var inLockOrder: [StoryTask] {
        sorted { ($0.tenantID, $0.path) < ($1.tenantID, $1.path) }
    }
}
