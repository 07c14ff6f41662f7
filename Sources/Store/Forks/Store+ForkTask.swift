package import Postgres
import Workflow

extension Store {
    /// Creates the rows of a fork in a transaction that `write` has opened; the caller gives the hint after the commit.
    package func forkTask(on connection: PostgresConnection, _ scope: Scope, _ fork: TaskFork) async throws -> TaskView {
        let tenant = scope.tenantID
        let results = try await connection.pipeline([
            """
            INSERT INTO pressroom.tasks (tenant_id, task_id, forked_from_task_id, workspace_id, workflow_id, workflow_name,
                   workflow_version, config, context, input, priority, accumulated_context, created_by)
            SELECT \(tenant), r.task_id, r.forked_from_task_id, r.workspace_id, r.workflow_id, r.workflow_name,
                   r.workflow_version, r.config, r.context, r.input, r.priority, r.accumulated_context, \(scope.userID)
              FROM jsonb_populate_recordset(NULL::pressroom.tasks, \(fork.rows("tasks"))::jsonb) r
            RETURNING pressroom.task_json(tasks) AS json, version, status
            """,
            """
            INSERT INTO pressroom.phases (tenant_id, id, task_id, key, kind, ordinal, status, needs, iteration, input, output,
                   error, started_at, completed_at)
            SELECT \(tenant), r.id, r.task_id, r.key, r.kind, r.ordinal, r.status, r.needs, r.iteration, r.input, r.output,
                   r.error, r.started_at, r.completed_at
              FROM jsonb_populate_recordset(NULL::pressroom.phases, \(fork.rows("phases"))::jsonb) r ORDER BY r.ordinal
            """,
            """
            INSERT INTO pressroom.outputs (tenant_id, id, task_id, track, status, writer, editor, content, version_number,
                   edit_cycle, editor_feedback, editor_approved, initial_avg_score, initial_rank, is_finalist,
                   final_total_score, final_rank, usage, error)
            SELECT \(tenant), r.id, r.task_id, r.track, r.status, r.writer, r.editor, r.content, r.version_number,
                   r.edit_cycle, r.editor_feedback, r.editor_approved, r.initial_avg_score, r.initial_rank, r.is_finalist,
                   r.final_total_score, r.final_rank, r.usage, r.error
              FROM jsonb_populate_recordset(NULL::pressroom.outputs, \(fork.rows("outputs"))::jsonb) r
            """,
            // When a text was written stays as it is: it tells which step made it.
            """
            INSERT INTO pressroom.output_versions (tenant_id, id, output_id, task_id, version_number, action, agent, content,
                   feedback, usage, created_at)
            SELECT \(tenant), r.id, r.output_id, r.task_id, r.version_number, r.action, r.agent, r.content, r.feedback,
                   r.usage, r.created_at
              FROM jsonb_populate_recordset(NULL::pressroom.output_versions, \(fork.rows("output_versions"))::jsonb) r
            """,
            """
            INSERT INTO pressroom.steps (tenant_id, id, task_id, phase_id, output_id, kind, agent, model, sequence, status,
                   attempt, max_attempts, priority, run_at, input, output, error, started_at, completed_at)
            SELECT \(tenant), r.id, r.task_id, r.phase_id, r.output_id, r.kind, r.agent, r.model, r.sequence, r.status,
                   r.attempt, r.max_attempts, r.priority, r.run_at, r.input, r.output, r.error, r.started_at, r.completed_at
              FROM jsonb_populate_recordset(NULL::pressroom.steps, \(fork.rows("steps"))::jsonb) r
            """,
            """
            INSERT INTO pressroom.evaluations (tenant_id, id, task_id, phase_id, step_id, output_id, stage, evaluator, status,
                   score, criteria_scores, reasoning, rank, weighted_score, usage, error)
            SELECT \(tenant), r.id, r.task_id, r.phase_id, r.step_id, r.output_id, r.stage, r.evaluator, r.status,
                   r.score, r.criteria_scores, r.reasoning, r.rank, r.weighted_score, r.usage, r.error
              FROM jsonb_populate_recordset(NULL::pressroom.evaluations, \(fork.rows("evaluations"))::jsonb) r
            """,
            """
            INSERT INTO pressroom.rankings (tenant_id, id, task_id, phase_id, stage, method, entries, agreement,
                   evaluations_counted, evaluations_failed)
            SELECT \(tenant), r.id, r.task_id, r.phase_id, r.stage, r.method, r.entries, r.agreement, r.evaluations_counted,
                   r.evaluations_failed
              FROM jsonb_populate_recordset(NULL::pressroom.rankings, \(fork.rows("rankings"))::jsonb) r
            """,
            "INSERT INTO pressroom.wakeups (tenant_id, task_id) VALUES (\(tenant), \(fork.taskID))",
        ])
        return try TaskView(results[0][0], taskID: fork.taskID)
    }
}
