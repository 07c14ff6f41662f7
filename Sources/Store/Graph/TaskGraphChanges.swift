import Foundation
import Postgres
import Workflow

/// The rows that a change of task graphs added or altered, as `jsonb_to_recordset` reads them.
struct TaskGraphChanges: Sendable {
    var newOutputs: [JSON] = []
    var newSteps = RecordSet()
    var newEvaluations: [JSON] = []
    var newVersions: [JSON] = []
    var newLogs: [JSON] = []
    var rankings: [JSON] = []
    var outputs: [JSON] = []
    var evaluations: [JSON] = []
    var steps = RecordSet()
    var phases = RecordSet()
    var tasks = RecordSet()
    var receivedSignals: [JSON] = []
    var newSubtasks: [(task: JSON, phases: [JSON], tie: JSON)] = []
    var cancelledSubtasks: [UUID] = []
    var newHumanTasks: [JSON] = []
    var humanTasks: [JSON] = []
    var wakeups: [JSON] = []
    var finalists: [(taskID: UUID, finalists: TaskGraph.Finalists)] = []
    /// Outputs whose text is no longer in progress.
    var endedTexts: [UUID] = []

    init(from before: [TaskGraph], to after: [TaskGraph]) {
        for (old, new) in zip(before, after) {
            add(old, new)
        }
    }

    /// Whether nothing but tasks, phases and steps changes.
    var areOfTasksAlone: Bool {
        newOutputs.isEmpty && newEvaluations.isEmpty && newVersions.isEmpty && newLogs.isEmpty && rankings.isEmpty
            && outputs.isEmpty && evaluations.isEmpty && receivedSignals.isEmpty && newSubtasks.isEmpty
            && cancelledSubtasks.isEmpty && newHumanTasks.isEmpty && humanTasks.isEmpty && wakeups.isEmpty && finalists.isEmpty
    }

    private mutating func add(_ old: TaskGraph, _ new: TaskGraph) {
        let taskID = new.task.taskID
        func owned(_ row: JSON) -> JSON {
            guard case .object(var members) = row else { return row }
            members["task_id"] = .string(taskID.uuidString)
            return .object(members)
        }
        let (addedOutputs, changedOutputs) = difference(old.outputs, new.outputs)
        let (addedSteps, changedSteps) = difference(old.steps, new.steps)
        let (addedEvaluations, changedEvaluations) = difference(old.evaluations, new.evaluations)
        newOutputs += addedOutputs.map { owned($0.json) }
        for step in addedSteps { newSteps.add { step.write(to: &$0, taskID: taskID, priority: new.task.priority) } }
        for step in changedSteps { steps.add { step.write(to: &$0, taskID: taskID, priority: new.task.priority) } }
        newEvaluations += addedEvaluations.map { owned($0.json) }
        outputs += changedOutputs.map { owned($0.json) }
        evaluations += changedEvaluations.map { owned($0.json) }
        for phase in difference(old.phases, new.phases).changed { phases.add { phase.write(to: &$0) } }
        newLogs += new.newLogs.map { owned($0.json) }
        let (addedHumanTasks, changedHumanTasks) = difference(old.humanTasks, new.humanTasks)
        newHumanTasks += addedHumanTasks.map { owned($0.json) }
        humanTasks += changedHumanTasks.map { owned($0.json) }
        newSubtasks += new.newSubtasks.map { $0.rows(of: new.task) }
        cancelledSubtasks += new.cancelledSubtasks
        newVersions += new.newVersions.map { owned($0.json) }
        rankings += new.newRankings.map { owned($0.json) }
        finalists += new.newFinalists.map { (taskID, $0) }
        if old.task != new.task { tasks.add { new.task.write(to: &$0) } }
        if let delay = new.wakeAfter {
            wakeups.append(["task_id": .string(taskID.uuidString), "run_in": .number(delay / .seconds(1))])
        }
        receivedSignals += new.signals.compactMap { signal in
            signal.receivedBy.map { ["id": .string(signal.id.uuidString), "received_by": .string($0.uuidString)] }
        }
        endedTexts += changedOutputs.filter { $0.status != .writing && $0.status != .rewriting }.map(\.id)
    }

    /// Rows keep their places, and new ones come behind them.
    private func difference<Row: Equatable>(
        _ old: [Row], _ new: [Row]
    ) -> (added: ArraySlice<Row>, changed: [Row]) {
        (new.dropFirst(old.count), zip(old, new).filter { $0 != $1 }.map(\.1))
    }
}

extension Store {
    /// The statements that write changed rows, table by table. A task's own row comes last, so that the event that ends a
    /// task is the last of its transaction.
    func saveQueries(_ changes: TaskGraphChanges, _ scope: Scope) -> [PostgresQuery] {
        let tenant = scope.tenantID
        func rows(_ rows: [JSON], _ query: (JSON) -> PostgresQuery) -> [PostgresQuery] {
            rows.isEmpty ? [] : [query(.array(rows))]
        }
        func records(_ rows: RecordSet, _ query: (RecordSet, String) -> PostgresQuery) -> [PostgresQuery] {
            rows.isEmpty ? [] : [query(rows, tenant)]
        }
        let works =
            (changes.newSubtasks.isEmpty ? [] : insertSubtasks(changes.newSubtasks, tenant))
            + (changes.cancelledSubtasks.isEmpty ? [] : [requestCancellations(changes.cancelledSubtasks, tenant)])
            + rows(changes.newOutputs) { insertOutputs($0, tenant) }
            + rows(changes.outputs) { updateOutputs($0, tenant) }
            + rows(changes.newVersions) { insertOutputVersions($0, tenant) }
            + rows(changes.evaluations) { updateEvaluations($0, tenant) }
        let steps =
            records(changes.steps, updateSteps)
            + records(changes.newSteps, insertSteps)
        let consequences =
            rows(changes.humanTasks) { updateHumanTasks($0, tenant) }
            + rows(changes.newHumanTasks) { insertHumanTasks($0, tenant) }
            + rows(changes.newEvaluations) { insertEvaluations($0, tenant) }
            + changes.finalists.map { appendFinalistsSelected($0, $1, tenant) }
            + rows(changes.newLogs) { insertLogs($0, tenant) }
            + rows(changes.rankings) { upsertRankings($0, tenant) }
            + rows(changes.receivedSignals) { updateSignals($0, tenant) }
            + rows(changes.wakeups) { upsertWakeups($0, tenant) }
            + (changes.endedTexts.isEmpty ? [] : [deleteLiveTexts(changes.endedTexts, tenant)])
        let task =
            records(changes.phases, updatePhases)
            + records(changes.tasks, updateTasks)
        return changes.areOfTasksAlone ? Self.joined(steps + task) : works + steps + consequences + task
    }

    /// Statements of different tables, or of different commands, as one: it writes all their rows, and then their events,
    /// in the same order. So the tenant's head is held while events are written and not while rows are.
    private static func joined(_ queries: [PostgresQuery]) -> [PostgresQuery] {
        guard queries.count > 1 else { return queries }
        var joined: PostgresQuery = "WITH"
        for (number, query) in queries.enumerated() {
            let isLast = number == queries.count - 1
            joined.sql += isLast ? " " : (number == 0 ? " " : ", ") + "part\(number) AS ("
            joined += query
            // That each looks at the one before it gives them their order, which PostgreSQL promises to nobody else.
            if number > 0 { joined.sql += " AND (SELECT count(*) FROM part\(number - 1)) IS NOT NULL" }
            if !isLast { joined.sql += " RETURNING 1)" }
        }
        return [joined]
    }

    /// Those that are being saved at this moment are left to the next sweep: nobody waits while holding the head.
    private func deleteLiveTexts(_ outputIDs: [UUID], _ tenant: String) -> PostgresQuery {
        """
        DELETE FROM pressroom.live_texts WHERE tenant_id = \(tenant) AND output_id IN (
            SELECT output_id FROM pressroom.live_texts
             WHERE tenant_id = \(tenant) AND output_id = ANY(\(outputIDs)::uuid[])
               FOR UPDATE SKIP LOCKED)
        """
    }

    private func updateTasks(_ rows: RecordSet, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.tasks t
           SET status = r.status, phase = r.phase, accumulated_context = r.accumulated_context, result = r.result,
               progress = r.progress, error = r.error, usage = r.usage
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (task_id uuid, status text, phase text, accumulated_context jsonb,
               result jsonb, progress double precision, error jsonb, usage jsonb)
         WHERE t.tenant_id = \(tenant) AND t.task_id = r.task_id
        """
    }

    private func updatePhases(_ rows: RecordSet, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.phases p
           SET status = r.status, iteration = r.iteration, input = r.input, output = r.output, error = r.error
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, status text, iteration integer, input jsonb, output jsonb,
               error jsonb)
         WHERE p.tenant_id = \(tenant) AND p.id = r.id
        """
    }

    private func insertSteps(_ rows: RecordSet, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.steps (tenant_id, id, task_id, phase_id, output_id, kind, agent, model, sequence, status,
               attempt, max_attempts, priority, run_at, processor_id, started_at, completed_at, input, output, error,
               limited_workflow)
        SELECT \(tenant), r.id, r.task_id, r.phase_id, r.output_id, r.kind, r.agent, r.model, r.sequence, r.status,
               r.attempt, r.max_attempts, r.priority, now() + make_interval(secs => r.run_in), r.processor_id,
               CASE r.status WHEN 'running' THEN now() END,
               CASE WHEN r.status IN ('completed', 'failed', 'skipped', 'cancelled') THEN now() END,
               r.input, r.output, r.error, r.limited_workflow
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, task_id uuid, phase_id uuid, output_id uuid, kind text,
               agent text, model text, sequence integer, status text, attempt integer, max_attempts integer,
               priority integer, run_in double precision, processor_id uuid, input jsonb, output jsonb, error jsonb,
               limited_workflow text)
         WHERE true
        """
    }

    private func updateSteps(_ rows: RecordSet, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.steps s
           SET status = r.status, attempt = r.attempt, max_attempts = r.max_attempts, processor_id = r.processor_id,
               output = r.output, error = r.error,
               run_at = CASE WHEN r.changes_run_at THEN now() + make_interval(secs => r.run_in) ELSE s.run_at END
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, status text, attempt integer, max_attempts integer,
               processor_id uuid, output jsonb, error jsonb, changes_run_at boolean, run_in double precision)
         WHERE s.tenant_id = \(tenant) AND s.id = r.id
        """
    }

    private func insertOutputs(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.outputs (tenant_id, id, task_id, track, status, writer)
        SELECT \(tenant), r.id, r.task_id, r.track, r.status, r.writer
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, task_id uuid, track text, status text, writer jsonb)
        """
    }

    private func updateOutputs(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.outputs o
           SET status = r.status, editor = r.editor, content = r.content, version_number = r.version_number,
               edit_cycle = r.edit_cycle, editor_feedback = r.editor_feedback, editor_approved = r.editor_approved,
               initial_avg_score = r.initial_avg_score, initial_rank = r.initial_rank, is_finalist = r.is_finalist,
               final_total_score = r.final_total_score, final_rank = r.final_rank, usage = r.usage, error = r.error
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, status text, editor jsonb, content text,
               version_number integer, edit_cycle integer, editor_feedback text, editor_approved boolean,
               initial_avg_score double precision, initial_rank integer, is_finalist boolean,
               final_total_score double precision, final_rank integer, usage jsonb, error jsonb)
         WHERE o.tenant_id = \(tenant) AND o.id = r.id
        """
    }

    private func insertOutputVersions(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.output_versions (tenant_id, id, output_id, task_id, version_number, action, agent, content,
               feedback, usage)
        SELECT \(tenant), r.id, r.output_id, r.task_id, r.version_number, r.action, r.agent, r.content, r.feedback, r.usage
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, output_id uuid, task_id uuid, version_number integer,
               action text, agent jsonb, content text, feedback text, usage jsonb)
        """
    }

    private func insertEvaluations(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.evaluations (tenant_id, id, task_id, phase_id, step_id, output_id, stage, evaluator)
        SELECT \(tenant), r.id, r.task_id, r.phase_id, r.step_id, r.output_id, r.stage, r.evaluator
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, task_id uuid, phase_id uuid, step_id uuid,
               output_id uuid, stage text, evaluator jsonb)
        """
    }

    private func updateEvaluations(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.evaluations e
           SET status = r.status, score = r.score, criteria_scores = r.criteria_scores, reasoning = r.reasoning,
               rank = r.rank, weighted_score = r.weighted_score, usage = r.usage, error = r.error
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, status text, score double precision,
               criteria_scores jsonb, reasoning text, rank integer, weighted_score double precision, usage jsonb,
               error jsonb)
         WHERE e.tenant_id = \(tenant) AND e.id = r.id
        """
    }

    private func upsertRankings(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.rankings (tenant_id, id, task_id, phase_id, stage, method, entries, agreement,
               evaluations_counted, evaluations_failed)
        SELECT \(tenant), r.id, r.task_id, r.phase_id, r.stage, r.method, r.entries, r.agreement, r.evaluations_counted,
               r.evaluations_failed
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, task_id uuid, phase_id uuid, stage text, method text,
               entries jsonb, agreement double precision, evaluations_counted integer, evaluations_failed integer)
        ON CONFLICT (tenant_id, phase_id) DO UPDATE
           SET entries = EXCLUDED.entries, agreement = EXCLUDED.agreement,
               evaluations_counted = EXCLUDED.evaluations_counted, evaluations_failed = EXCLUDED.evaluations_failed
        """
    }

    private func updateSignals(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.signals s SET received_by = r.received_by
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, received_by uuid)
         WHERE s.tenant_id = \(tenant) AND s.id = r.id
        """
    }

    private func upsertWakeups(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.wakeups (tenant_id, task_id, run_at)
        SELECT \(tenant), r.task_id, now() + make_interval(secs => r.run_in)
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (task_id uuid, run_in double precision)
        ON CONFLICT (tenant_id, task_id) DO UPDATE SET run_at = least(wakeups.run_at, EXCLUDED.run_at)
        """
    }

    private func appendFinalistsSelected(
        _ taskID: UUID, _ finalists: TaskGraph.Finalists, _ tenant: String
    ) -> PostgresQuery {
        """
        SELECT pressroom.append_events(\(tenant), ARRAY[ROW(\(taskID)::uuid, 'finalists_selected', json_build_object(
                   'phase_id', \(finalists.phaseID)::uuid,
                   'outputs', coalesce(json_agg(pressroom.output_json(o) ORDER BY o.initial_rank, o.id), '[]')))
                   ::pressroom.change])
          FROM pressroom.outputs o
         WHERE o.tenant_id = \(tenant) AND o.id = ANY(\(finalists.outputIDs)::uuid[])
        """
    }
}
