-- How a row leaves the database: every column under its own name, timestamps by pressroom.iso().
-- Events, /state and every GET use these functions, so that they cannot disagree.

CREATE FUNCTION pressroom.workflow_json(r pressroom.workflows) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'workspace_id', r.workspace_id,
        'name', r.name,
        'version', r.version,
        'description', r.description,
        'definition', r.definition,
        'status', r.status,
        'is_public', r.is_public,
        'category', r.category,
        'tags', r.tags,
        'created_by', r.created_by,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.task_json(r pressroom.tasks) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'task_id', r.task_id,
        'workspace_id', r.workspace_id,
        'workflow_id', r.workflow_id,
        'workflow_name', r.workflow_name,
        'workflow_version', r.workflow_version,
        'status', r.status,
        'phase', r.phase,
        'config', r.config,
        'context', r.context,
        'input', r.input,
        'accumulated_context', r.accumulated_context,
        'result', r.result,
        'progress', r.progress,
        'priority', r.priority,
        'parent_task_id', r.parent_task_id,
        'forked_from_task_id', r.forked_from_task_id,
        'idempotency_key', r.idempotency_key,
        'error', r.error,
        'version', r.version,
        'created_by', r.created_by,
        'run_at', pressroom.iso(r.run_at),
        'started_at', pressroom.iso(r.started_at),
        'paused_at', pressroom.iso(r.paused_at),
        'completed_at', pressroom.iso(r.completed_at),
        'failed_at', pressroom.iso(r.failed_at),
        'cancelled_at', pressroom.iso(r.cancelled_at),
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.phase_json(r pressroom.phases) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'key', r.key,
        'kind', r.kind,
        'ordinal', r.ordinal,
        'status', r.status,
        'needs', r.needs,
        'iteration', r.iteration,
        'input', r.input,
        'output', r.output,
        'error', r.error,
        'version', r.version,
        'started_at', pressroom.iso(r.started_at),
        'completed_at', pressroom.iso(r.completed_at),
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.step_json(r pressroom.steps) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'phase_id', r.phase_id,
        'output_id', r.output_id,
        'kind', r.kind,
        'agent', r.agent,
        'model', r.model,
        'sequence', r.sequence,
        'status', r.status,
        'attempt', r.attempt,
        'max_attempts', r.max_attempts,
        'priority', r.priority,
        'run_at', pressroom.iso(r.run_at),
        'processor_id', r.processor_id,
        'input', r.input,
        'output', r.output,
        'error', r.error,
        'version', r.version,
        'started_at', pressroom.iso(r.started_at),
        'completed_at', pressroom.iso(r.completed_at),
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.output_json(r pressroom.outputs) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'track', r.track,
        'status', r.status,
        'writer', r.writer,
        'editor', r.editor,
        'content', r.content,
        'version_number', r.version_number,
        'edit_cycle', r.edit_cycle,
        'editor_feedback', r.editor_feedback,
        'editor_approved', r.editor_approved,
        'initial_avg_score', r.initial_avg_score,
        'initial_rank', r.initial_rank,
        'is_finalist', r.is_finalist,
        'final_total_score', r.final_total_score,
        'final_rank', r.final_rank,
        'usage', r.usage,
        'error', r.error,
        'version', r.version,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.output_version_json(r pressroom.output_versions) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'output_id', r.output_id,
        'task_id', r.task_id,
        'version_number', r.version_number,
        'action', r.action,
        'agent', r.agent,
        'content', r.content,
        'feedback', r.feedback,
        'usage', r.usage,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.evaluation_json(r pressroom.evaluations) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'phase_id', r.phase_id,
        'step_id', r.step_id,
        'output_id', r.output_id,
        'stage', r.stage,
        'evaluator', r.evaluator,
        'status', r.status,
        'score', r.score,
        'criteria_scores', r.criteria_scores,
        'reasoning', r.reasoning,
        'rank', r.rank,
        'weighted_score', r.weighted_score,
        'usage', r.usage,
        'error', r.error,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.ranking_json(r pressroom.rankings) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'phase_id', r.phase_id,
        'stage', r.stage,
        'method', r.method,
        'entries', r.entries,
        'agreement', r.agreement,
        'evaluations_counted', r.evaluations_counted,
        'evaluations_failed', r.evaluations_failed,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;
