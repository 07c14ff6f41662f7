package import Base
package import Foundation
import Postgres
package import Workflow

/// The rows of a new task, whatever creates it: a request or a schedule (`TaskStart`), a step of another task
/// (`SubtaskStart`), or a fork of an old one (`TaskFork`).
struct TaskCreation: Sendable {
    /// The row of `tasks`.
    let task: JSON
    /// The rows of `phases`.
    let phases: [JSON]

    init(task: JSON, phases: [JSON]) {
        self.task = task
        self.phases = phases
    }

    /// A task that begins with the first phases of its workflow.
    ///
    /// - Parameters:
    ///   - context: the execution context; its `task_id` is set here.
    ///   - more: columns of `tasks` that depend on how the task comes about.
    init(
        _ taskID: UUID, _ workflow: WorkflowDefinition, id workflowID: UUID, input: JSON, config: JSON, context: JSON,
        priority: Int, _ more: JSONObject
    ) {
        let id = JSON.string(taskID.text)
        var context = context
        context["task_id"] = id
        let task: JSONObject = [
            "task_id": id, "workflow_id": .string(workflowID.text), "workflow_name": .string(workflow.name),
            "workflow_version": .string(workflow.version.description), "config": config, "context": context,
            "input": input, "priority": .integer(Int64(priority)),
        ]
        self.task = .object(task.merging(more) { $1 })
        phases = workflow.phases.enumerated().map { ordinal, phase in
            [
                "id": .string(UUIDv7.next().text), "task_id": id, "key": .string(phase.id),
                "kind": .string(phase.kindName), "ordinal": .integer(Int64(ordinal)), "status": "pending",
                "needs": .array(phase.needs.map(JSON.string)), "iteration": 0,
            ]
        }
    }
}

extension TaskCreation {
    /// What is set of a new task. It is in its workflow's workspace; its author is its parent's, where a step of that one
    /// creates it.
    private static let columns: Columns = """
        task_id uuid, workflow_id uuid, workflow_name text, workflow_version text, config json, context jsonb, input json,
        priority integer, parent_task_id uuid, forked_from_task_id uuid, idempotency_key text, run_at timestamptz
        """

    private static let phaseColumns: Columns =
        PhaseRow.table.columns + "kind text, needs text[], started_at timestamptz, completed_at timestamptz"

    /// The statements that add tasks with their phases, and wake them when they may begin. The first one returns the
    /// rows that `TaskView` reads. Workflow and parent are looked up by their keys, whatever the planner expects.
    static func queries(_ scope: Scope, _ creations: [TaskCreation]) -> [PostgresQuery] {
        let tenant = scope.tenantID
        let tasks = JSON.array(creations.map(\.task))
        return [
            """
            INSERT INTO pressroom.tasks AS t (tenant_id, \(raw: columns.names), workspace_id, created_by)
            SELECT \(tenant), \(raw: columns.values),
                   (SELECT w.workspace_id FROM pressroom.workflows w WHERE w.tenant_id = \(tenant) AND w.id = r.workflow_id),
                   CASE WHEN r.parent_task_id IS NULL THEN \(scope.userID) ELSE p.created_by END
              FROM json_to_recordset(\(tasks)::json) AS r (\(raw: columns.definitions))
              LEFT JOIN LATERAL (
                   SELECT tasks.created_by FROM pressroom.tasks
                    WHERE tasks.tenant_id = \(tenant) AND tasks.task_id = r.parent_task_id LIMIT 1) AS p ON true
            RETURNING t.task_id, \(raw: TaskView.columns)
            """,
            PhaseRow.table.insert(JSON.array(creations.flatMap(\.phases)), tenant, phaseColumns),
            """
            INSERT INTO pressroom.wakeups (tenant_id, task_id, run_at, priority)
            SELECT \(tenant), r.task_id, coalesce(r.run_at, now()), r.priority
              FROM json_to_recordset(\(tasks)::json) AS r (task_id uuid, run_at timestamptz, priority integer)
            """,
        ]
    }

    /// The tasks that the first of the statements has added, by id.
    static func views(_ rows: PostgresResult) throws -> [UUID: TaskView] {
        try rows.reduce(into: [:]) { views, row in
            let taskID = try row.decode("task_id", as: UUID.self)
            views[taskID] = try TaskView(row, taskID: taskID)
        }
    }
}

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

    fileprivate var creation: TaskCreation {
        TaskCreation(
            taskID, workflow, id: workflowID, input: input, config: config, context: context.json, priority: priority,
            ["idempotency_key": idempotencyKey.map(JSON.string) ?? .null, "run_at": runAt.map(JSON.string) ?? .null])
    }
}

extension Store {
    /// Creates a task with its phases and wakes a processor. Tasks that come at the same time share a transaction.
    package func startTask(_ scope: Scope, _ start: TaskStart) async throws -> TaskView {
        try await write(start, scope, bytes: start.input.utf8.count, through: taskStarts) { scope, starts in
            let results = try await write(scope, TaskCreation.queries(scope, starts.map(\.creation)), work: .due)
            let views = try TaskCreation.views(results[0])
            return starts.map { views[$0.taskID] }
        } alone: { scope, start in
            try await write(scope) { try await startTask(on: $0, scope, start) }
        }
    }

    /// The same in a transaction that `write` has opened.
    package func startTask(on transaction: WriteTransaction, _ scope: Scope, _ start: TaskStart) async throws -> TaskView {
        let results = try await transaction.pipeline(TaskCreation.queries(scope, [start.creation]))
        guard let view = try TaskCreation.views(results[0])[start.taskID] else {
            throw StoreError(.invalid, "the task was not created")
        }
        transaction.announce(.due)
        return view
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
    /// How many tasks are above it.
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

    /// The rows of the task, and of its tie to the step that starts it (`subtasks`).
    func rows(of parent: TaskRow) -> (creation: TaskCreation, tie: JSON) {
        let creation = TaskCreation(
            taskID, workflow, id: workflowID, input: input, config: parent.config, context: parent.context,
            priority: parent.priority, ["parent_task_id": .string(parent.taskID.text)])
        let tie: JSON = [
            "parent_step_id": .string(stepID.text), "attempt": .integer(Int64(attempt)),
            "parent_task_id": .string(parent.taskID.text), "task_id": .string(taskID.text),
            "depth": .integer(Int64(depth)),
        ]
        return (creation, tie)
    }
}
