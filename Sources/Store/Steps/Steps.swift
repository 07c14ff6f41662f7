package import Base
package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `steps`, and may change (the variables).
package struct StepRow: Sendable, Equatable {
    /// When the step may run; the database's clock counts, not the node's.
    package enum RunAt: Sendable, Equatable {
        /// As it is in the row.
        case unchanged
        /// This much after the transaction's time; zero means at once.
        case after(Duration)
        /// Not before something wakes it.
        case never
    }

    package let id: UUID
    package let phaseID: UUID
    package let outputID: UUID?
    package let kind: StepKind
    package let agent: String?
    package let model: ModelName?
    package let sequence: Int
    package let input: JSON
    package var status: StepStatus
    package var attempt: Int
    package var maxAttempts: Int
    package var processorID: UUID?
    package var output: JSON?
    package var error: JSON?
    package var runAt = RunAt.unchanged
    /// For a new row: the workflow's name, where it limits its steps; they are claimed in a queue of their own.
    package var limitedWorkflow: String?
    /// How long until `run_at`, by the database's clock, when the row was read; nil when nothing but a wake-up runs it.
    package let dueIn: Duration?

    package init(
        id: UUID = UUIDv7.next(), phaseID: UUID, outputID: UUID? = nil, kind: StepKind, agent: String? = nil,
        model: ModelName? = nil, sequence: Int, status: StepStatus = .pending, maxAttempts: Int, input: JSON = [:],
        runAt: RunAt = .after(.zero)
    ) {
        self.id = id
        self.phaseID = phaseID
        self.outputID = outputID
        self.kind = kind
        self.agent = agent
        self.model = model
        self.sequence = sequence
        self.status = status
        self.attempt = 0
        self.maxAttempts = maxAttempts
        self.input = input
        self.runAt = runAt
        self.dueIn = nil
    }
}

extension StepRow {
    /// The run of its phase that the step belongs to, counted from 0.
    package var iteration: Int { input["iteration"]?.int ?? 0 }

    /// The place, from 0, of the list's element that the step works on.
    package var index: Int { input["index"]?.int ?? 0 }
}

/// What a step does. An edit phase has edits and rewrites, so this is not the phase's kind.
package enum StepKind: String, Sendable {
    case write, edit, rewrite, evaluate, rank, signal
    case agent
    case delay
    case log
    case http
    case custom
    case human, workflow
}

extension StepKind {
    /// Whether a step of this kind waits for something, and is never run by a processor.
    package var isWait: Bool {
        switch self {
        case .signal, .delay, .human: true
        default: false
        }
    }

    /// The status of an output that a step of this kind works on; nil when the step doesn't work on an output.
    package var activeOutputStatus: OutputStatus? {
        switch self {
        case .write: .writing
        case .edit: .editing
        case .rewrite: .rewriting
        default: nil
        }
    }

    /// The status of an output that waits for a step of this kind; nil when the step doesn't work on an output.
    package var waitingOutputStatus: OutputStatus? {
        switch self {
        case .write: .pendingWrite
        case .edit: .pendingEdit
        case .rewrite: .pendingRewrite
        default: nil
        }
    }
}

extension StepRow {
    static let table = Table(
        "steps",
        fixed: """
            id uuid, task_id uuid, phase_id uuid, output_id uuid, kind text, agent text, model text, sequence integer,
            input json
            """,
        changing: """
            status text, attempt integer, max_attempts integer, processor_id uuid, output json, error json
            """)

    /// What the service sets when it adds a step, beside times.
    static let added: Columns = table.columns + "priority integer, limited_workflow text"

    /// The steps of some tasks, by their sequence.
    static func select(_ tenant: String, _ taskIDs: [UUID], _ lock: RowLock) -> PostgresQuery {
        """
        SELECT \(raw: table.columns.names), extract(epoch FROM run_at - now())::float8 AS due_in
          FROM pressroom.steps WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
         ORDER BY task_id, sequence, id\(raw: lock.rawValue)
        """
    }

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        phaseID = try row.decode("phase_id")
        outputID = try row.decode("output_id")
        kind = try row.stepKind("kind")
        agent = try row.decode("agent")
        model = try row.decode("model", as: String?.self).flatMap { ModelName($0) }
        sequence = try row.decode("sequence")
        input = try row.json("input") ?? [:]
        status = try row.status("status")
        attempt = try row.decode("attempt")
        maxAttempts = try row.decode("max_attempts")
        processorID = try row.decode("processor_id")
        output = try row.json("output")
        error = try row.json("error")
        dueIn = try row.decode("due_in", as: Double?.self).map { .seconds($0) }
    }

    /// - Parameter priority: the task's.
    func write(to row: inout RecordSet, taskID: UUID, priority: Int) {
        row.set("id", id)
        row.set("task_id", taskID)
        row.set("phase_id", phaseID)
        row.set("output_id", outputID)
        row.set("kind", .string(kind.rawValue))
        row.set("agent", agent.map(JSON.string))
        row.set("model", model.map { .string($0.description) })
        row.set("sequence", .integer(Int64(sequence)))
        row.set("status", .string(status.rawValue))
        row.set("attempt", .integer(Int64(attempt)))
        row.set("max_attempts", .integer(Int64(maxAttempts)))
        row.set("priority", .integer(Int64(priority)))
        row.set("processor_id", processorID)
        row.set("input", input)
        row.set("limited_workflow", limitedWorkflow.map(JSON.string))
        row.set("output", output)
        row.set("error", error)
        row.set("changes_run_at", .bool(runAt != .unchanged))
        if case .after(let delay) = runAt { row.set("run_in", .number(delay / .seconds(1))) }
    }

    static func insert(_ rows: RecordSet, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.steps (tenant_id, \(raw: added.names), run_at, started_at, completed_at)
        SELECT \(tenant), \(raw: added.values), now() + make_interval(secs => r.run_in),
               CASE r.status WHEN 'running' THEN now() END,
               CASE WHEN r.status IN ('completed', 'failed', 'skipped', 'cancelled') THEN now() END
          FROM json_to_recordset(\(rows)::json) AS r (\(raw: added.definitions), run_in double precision)
         WHERE true
        """
    }

    static func update(_ rows: RecordSet, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.steps s
           SET \(raw: table.changing.assignments),
               run_at = CASE WHEN r.changes_run_at THEN now() + make_interval(secs => r.run_in) ELSE s.run_at END
          FROM json_to_recordset(\(rows)::json) AS r (id uuid, \(raw: table.changing.definitions),
               changes_run_at boolean, run_in double precision)
         WHERE s.tenant_id = \(tenant) AND s.id = r.id
        """
    }
}

/// What a list of steps over all tasks is narrowed by; nil and empty mean: not by this.
package struct StepFilter: Sendable {
    package var taskID: UUID?
    package var statuses: [StepStatus] = []
    package var kind: String?
    package var agent: String?
    /// `provider/model`, the first of the agent's.
    package var model: String?
    /// The key of the phase.
    package var phase: String?
    package var errorCode: String?
    /// RFC 3339; steps that were added at or after it.
    package var since: String?

    package init() {}
}

extension Store {
    /// Steps, newest first: by id and not by `sequence`, because several phases of a task that run side by side share none.
    package func steps(
        _ scope: Scope, _ filter: StepFilter, _ page: PageRequest, examined: Int = PageRequest.examined
    ) async throws -> ListPage {
        var list = RecordList(table: "steps", item: "pressroom.step_json(t)", scope, page)
        list.add(task: filter.taskID)
        if filter.statuses == [.failed] {
            list.addWay("t.status = 'failed'")
        } else if !filter.statuses.isEmpty {
            list.add("t.status = ANY(\(filter.statuses.map(\.rawValue))::text[])")
        }
        if let kind = filter.kind { list.add("t.kind = \(kind)") }
        if let agent = filter.agent { list.add("t.agent = \(agent)") }
        if let model = filter.model { list.add("t.model = \(model)") }
        if let code = filter.errorCode { list.add("t.error ->> 'code' = \(code)") }
        if let phase = filter.phase {
            // Each row's own phase is looked up. Of an EXISTS PostgreSQL makes a hash of all phases with the key.
            list.add(
                "(SELECT p.key = \(phase) FROM pressroom.phases p WHERE p.tenant_id = t.tenant_id AND p.id = t.phase_id)")
        }
        list.add(since: filter.since, column: "created_at")
        return try await list.page(examined: examined, database)
    }

    /// One step; nil when the scope has no such row.
    package func step(_ scope: Scope, _ id: UUID) async throws -> (json: JSONText, version: Int64)? {
        let rows = try await query(
            scope,
            """
            SELECT pressroom.step_json(s) AS json, s.version FROM pressroom.steps s
             WHERE s.tenant_id = \(scope.tenantID) AND s.id = \(id)
            """)
        return try rows.first.map { (JSONText(bytes: $0["json"].bytes ?? []), try $0.decode("version")) }
    }
}

/// The rows of a task that its running steps read, as they are now.
package struct StepMaterial: Sendable {
    package let task: TaskRow
    package let phases: [PhaseRow]
    package let outputs: [OutputRow]
    package let evaluations: [EvaluationRow]
}

extension StepMaterial {
    /// The rows as a transaction leaves the task.
    package init(_ graph: TaskGraph) {
        self.init(task: graph.task, phases: graph.phases, outputs: graph.outputs, evaluations: graph.evaluations)
    }
}

extension Store {
    /// Reads, without locks, what the steps of these tasks run on.
    package func stepMaterial(_ scope: Scope, _ taskIDs: [UUID]) async throws -> [UUID: StepMaterial] {
        let tenant = scope.tenantID
        let results = try await database.pipeline(in: tenant, [
            TaskRow.select(tenant, taskIDs, .none),
            PhaseRow.select(tenant, taskIDs, .none),
            OutputRow.select(tenant, taskIDs, .none),
            EvaluationRow.select(tenant, taskIDs, .none),
        ])
        let phases = try results[1].byTask(PhaseRow.init)
        let outputs = try results[2].byTask(OutputRow.init)
        let evaluations = try results[3].byTask(EvaluationRow.init)
        return try results[0].reduce(into: [:]) { material, row in
            let task = try TaskRow(row)
            let id = task.taskID
            material[id] = StepMaterial(
                task: task, phases: phases[id] ?? [], outputs: outputs[id] ?? [], evaluations: evaluations[id] ?? [])
        }
    }
}
