package import Foundation
package import Postgres
package import Workflow

/// A task to be started, checked and complete.
package struct TaskStart: Sendable {
    package let taskID: UUID
    package let workflow: WorkflowDefinition
    package let workflowID: UUID
    package let input: JSON
    package let config: JSON
    package let context: ExecutionContext
    package let priority: Int
    /// ISO 8601; nil: now.
    package let runAt: String?
    package let idempotencyKey: String?

    package init(
        taskID: UUID, workflow: WorkflowDefinition, workflowID: UUID, input: JSON, config: JSON, context: ExecutionContext,
        priority: Int, runAt: String?, idempotencyKey: String?
    ) {
        self.taskID = taskID
        self.workflow = workflow
        self.workflowID = workflowID
        self.input = input
        self.config = config
        self.context = context
        self.priority = priority
        self.runAt = runAt
        self.idempotencyKey = idempotencyKey
    }
}

extension Store {
    /// Creates a task with its phases and wakes a processor.
    package func startTask(_ scope: Scope, _ start: TaskStart) async throws -> TaskView {
        let view = try await write(scope) { try await startTask(on: $0, scope, start) }
        hints.workArrived()
        return view
    }

    /// The same in a transaction that `write` has opened; the caller gives the hint after the commit.
    package func startTask(on connection: PostgresConnection, _ scope: Scope, _ start: TaskStart) async throws -> TaskView {
        let phases = JSON.array(
            start.workflow.phases.enumerated().map { ordinal, phase in
                [
                    "id": .string(UUIDv7.next().uuidString), "key": .string(phase.id),
                    "kind": .string(phase.kind.rawValue), "ordinal": .integer(Int64(ordinal)),
                    "needs": .array(phase.needs.map(JSON.string)),
                ]
            })
        let results = try await connection.pipeline([
            """
            INSERT INTO pressroom.tasks (tenant_id, task_id, workflow_id, workflow_name, workflow_version, config, context,
                   input, priority, idempotency_key, created_by, run_at)
            VALUES (\(scope.tenantID), \(start.taskID), \(start.workflowID), \(start.workflow.name),
                   \(start.workflow.version.description), \(start.config)::jsonb, \(start.context.json)::jsonb,
                   \(start.input)::jsonb, \(start.priority), \(start.idempotencyKey), \(scope.userID),
                   \(start.runAt)::timestamptz)
            RETURNING pressroom.task_json(tasks) AS json, version, status
            """,
            """
            INSERT INTO pressroom.phases (tenant_id, id, task_id, key, kind, ordinal, needs)
            SELECT \(scope.tenantID), r.id, \(start.taskID), r.key, r.kind, r.ordinal,
                   ARRAY(SELECT jsonb_array_elements_text(r.needs))
              FROM jsonb_to_recordset(\(phases)::jsonb) AS r (id uuid, key text, kind text, ordinal integer, needs jsonb)
            """,
            """
            INSERT INTO pressroom.wakeups (tenant_id, task_id, run_at)
            VALUES (\(scope.tenantID), \(start.taskID), coalesce(\(start.runAt)::timestamptz, now()))
            """,
        ])
        return try TaskView(results[0][0], taskID: start.taskID)
    }
}

extension TaskView {
    init(_ row: PostgresRow, taskID: UUID) throws {
        self.init(
            json: JSONText(bytes: row["json"].bytes ?? []), version: try row.decode("version"),
            status: try row.decode("status"), taskID: taskID)
    }
}
