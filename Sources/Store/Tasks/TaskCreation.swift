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
    /// Creates a task with its phases and wakes a processor. Tasks that come at the same time share a transaction.
    package func startTask(_ scope: Scope, _ start: TaskStart) async throws -> TaskView {
        let view = try await write(start, scope, bytes: start.input.utf8.count, through: taskStarts) { scope, starts in
            let isFollowed = hints.follows(tenantID: scope.tenantID)
            let results = try await database.pipeline(
                [Self.scopeQuery(scope)] + startQueries(scope, starts) + (isFollowed ? [Self.ownEventsQuery(scope.tenantID)] : []))
            hints.committed(tenantID: scope.tenantID, events: OwnEvents(isFollowed ? results.last : nil))
            let views = try Self.taskViews(results[1])
            return starts.map { views[$0.taskID] }
        } alone: { scope, start in
            try await write(scope) { try await startTask(on: $0, scope, start) }
        }
        hints.workArrived(mayEndRuns: false)
        return view
    }

    /// The same in a transaction that `write` has opened; the caller gives the hint after the commit.
    package func startTask(on connection: PostgresConnection, _ scope: Scope, _ start: TaskStart) async throws -> TaskView {
        let results = try await connection.pipeline(startQueries(scope, [start]))
        guard let view = try Self.taskViews(results[0])[start.taskID] else {
            throw StoreError(.invalid, "the task was not created")
        }
        return view
    }

    private func startQueries(_ scope: Scope, _ starts: [TaskStart]) -> [PostgresQuery] {
        let tasks = JSON.array(starts.map { $0.taskJSON })
        let phases = JSON.array(starts.flatMap { $0.phasesJSON })
        return [
            """
            INSERT INTO pressroom.tasks (tenant_id, task_id, workflow_id, workflow_name, workflow_version, config, context,
                   input, priority, idempotency_key, created_by, run_at)
            SELECT \(scope.tenantID), r.task_id, r.workflow_id, r.workflow_name, r.workflow_version, r.config, r.context,
                   r.input, r.priority, r.idempotency_key, \(scope.userID), r.run_at
              FROM jsonb_to_recordset(\(tasks)::jsonb) AS r (task_id uuid, workflow_id uuid, workflow_name text,
                   workflow_version text, config jsonb, context jsonb, input jsonb, priority integer,
                   idempotency_key text, run_at timestamptz)
            RETURNING task_id, pressroom.task_json(tasks) AS json, version, status
            """,
            """
            INSERT INTO pressroom.phases (tenant_id, id, task_id, key, kind, ordinal, needs)
            SELECT \(scope.tenantID), r.id, r.task_id, r.key, r.kind, r.ordinal,
                   ARRAY(SELECT jsonb_array_elements_text(r.needs))
              FROM jsonb_to_recordset(\(phases)::jsonb) AS r (id uuid, task_id uuid, key text, kind text, ordinal integer,
                   needs jsonb)
            """,
            """
            INSERT INTO pressroom.wakeups (tenant_id, task_id, run_at, priority)
            SELECT \(scope.tenantID), r.task_id, coalesce(r.run_at, now()), r.priority
              FROM jsonb_to_recordset(\(tasks)::jsonb) AS r (task_id uuid, run_at timestamptz, priority integer)
            """,
        ]
    }

    private static func taskViews(_ rows: PostgresResult) throws -> [UUID: TaskView] {
        var views: [UUID: TaskView] = [:]
        for row in rows {
            let taskID = try row.decode("task_id", as: UUID.self)
            views[taskID] = try TaskView(row, taskID: taskID)
        }
        return views
    }
}

extension TaskStart {
    fileprivate var taskJSON: JSON {
        [
            "task_id": .string(taskID.uuidString), "workflow_id": .string(workflowID.uuidString),
            "workflow_name": .string(workflow.name), "workflow_version": .string(workflow.version.description),
            "config": config, "context": context.json, "input": input, "priority": .integer(Int64(priority)),
            "idempotency_key": idempotencyKey.map(JSON.string) ?? .null, "run_at": runAt.map(JSON.string) ?? .null,
        ]
    }

    fileprivate var phasesJSON: [JSON] {
        workflow.phases.enumerated().map { ordinal, phase in
            [
                "id": .string(UUIDv7.next().uuidString), "task_id": .string(taskID.uuidString), "key": .string(phase.id),
                "kind": .string(phase.kindName), "ordinal": .integer(Int64(ordinal)),
                "needs": .array(phase.needs.map(JSON.string)),
            ]
        }
    }
}

extension TaskView {
    init(_ row: PostgresRow, taskID: UUID) throws {
        self.init(
            json: JSONText(bytes: row["json"].bytes ?? []), version: try row.decode("version"),
            status: try row.decode("status"), taskID: taskID)
    }
}

/// A sub-task to be started, checked and complete. Its context, configuration and priority are its parent's.
package struct SubtaskStart: Sendable {
    package let taskID: UUID
    package let stepID: UUID
    package let attempt: Int
    package let workflow: WorkflowDefinition
    package let workflowID: UUID
    package let input: JSON
    /// How many tasks stand above it.
    package let depth: Int

    package init(
        stepID: UUID, attempt: Int, workflow: WorkflowDefinition, workflowID: UUID, input: JSON, depth: Int
    ) {
        taskID = UUIDv7.next()
        self.stepID = stepID
        self.attempt = attempt
        self.workflow = workflow
        self.workflowID = workflowID
        self.input = input
        self.depth = depth
    }

    /// The rows of the task, of its phases and of its tie to the parent, for `jsonb_to_recordset`.
    func rows(of parent: TaskRow) -> (task: JSON, phases: [JSON], tie: JSON) {
        var context = parent.context
        context["task_id"] = .string(taskID.text)
        let id = JSON.string(taskID.uuidString)
        let parentID = JSON.string(parent.taskID.uuidString)
        let task: JSON = [
            "task_id": id, "parent_task_id": parentID, "workflow_id": .string(workflowID.uuidString),
            "workflow_name": .string(workflow.name), "workflow_version": .string(workflow.version.description),
            "config": parent.config, "context": context, "input": input, "priority": .integer(Int64(parent.priority)),
        ]
        let phases = workflow.phases.enumerated().map { ordinal, phase -> JSON in
            [
                "id": .string(UUIDv7.next().uuidString), "task_id": id, "key": .string(phase.id),
                "kind": .string(phase.kind.rawValue), "ordinal": .integer(Int64(ordinal)),
                "needs": .array(phase.needs.map(JSON.string)),
            ]
        }
        let tie: JSON = [
            "parent_step_id": .string(stepID.uuidString), "attempt": .integer(Int64(attempt)), "parent_task_id": parentID,
            "task_id": id, "depth": .integer(Int64(depth)),
        ]
        return (task, phases, tie)
    }
}
