CREATE OR REPLACE FUNCTION pressroom.task_json(r pressroom.tasks) RETURNS json
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

ALTER TABLE pressroom.tasks DROP COLUMN usage;
