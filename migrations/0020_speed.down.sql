-- The functions as they stood before.

CREATE OR REPLACE FUNCTION pressroom.guard_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.context IS DISTINCT FROM OLD.context THEN
        RAISE EXCEPTION 'the execution context of a task does not change' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('task', OLD.status, NEW.status);
        NEW.started_at := CASE WHEN NEW.status = 'running' THEN coalesce(OLD.started_at, now()) ELSE NEW.started_at END;
        NEW.paused_at := CASE WHEN NEW.status = 'paused' THEN now() END;
        NEW.completed_at := CASE WHEN NEW.status = 'completed' THEN now() END;
        NEW.failed_at := CASE WHEN NEW.status = 'failed' THEN now() END;
        NEW.cancelled_at := CASE WHEN NEW.status = 'cancelled' THEN now() END;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION pressroom.guard_phase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('phase', OLD.status, NEW.status);
        NEW.started_at := CASE WHEN NEW.status IN ('running', 'waiting') THEN coalesce(OLD.started_at, now()) ELSE NEW.started_at END;
        NEW.completed_at := CASE WHEN NEW.status IN ('completed', 'failed', 'skipped', 'cancelled') THEN now() END;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION pressroom.guard_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('step', OLD.status, NEW.status);
        NEW.started_at := CASE WHEN NEW.status = 'running' THEN now() ELSE NEW.started_at END;
        NEW.completed_at := CASE WHEN NEW.status IN ('completed', 'failed', 'skipped', 'cancelled') THEN now() END;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION pressroom.guard_output() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('output', OLD.status, NEW.status);
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION pressroom.guard_evaluation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('evaluation', OLD.status, NEW.status);
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION pressroom.append_events(tenant text, changes pressroom.change[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
    actor text := coalesce(nullif(current_setting('pressroom.actor', true), ''), session_user);
BEGIN
    UPDATE pressroom.stream_heads h
       SET position = h.position + cardinality(changes), updated_at = now()
     WHERE h.tenant_id = tenant
    RETURNING h.position INTO last;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant % has no stream head', tenant USING ERRCODE = 'foreign_key_violation';
    END IF;
    -- The service reads its own events back with the commit, from here on.
    IF current_setting('pressroom.events', true) = 'immediate' AND tenant = current_setting('pressroom.tenant', true)
       AND coalesce(current_setting('pressroom.first_event', true), '') = '' THEN
        PERFORM set_config('pressroom.first_event', (last - cardinality(changes))::text, true);
    END IF;
    INSERT INTO pressroom.events (tenant_id, position, task_id, conversation_id, type, payload, actor, created_at)
    SELECT tenant, last - cardinality(changes) + c.ordinal, c.task_id, t.context ->> 'conversation_id', c.type,
           -- What a phase's event says of its task is read here, under the head's lock, so that it is never stale.
           CASE c.type WHEN 'phase_changed'
               THEN json_build_object('phase', c.payload -> 'phase',
                                      'task', json_build_object('status', t.status, 'phase', t.phase))
               ELSE c.payload END,
           actor, clock_timestamp()
      FROM unnest(changes) WITH ORDINALITY AS c (task_id, type, payload, ordinal)
      JOIN pressroom.tasks t ON t.tenant_id = tenant AND t.task_id = c.task_id;
    RETURN last;
END $$;

CREATE OR REPLACE FUNCTION pressroom.task_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'task_updated',
                   json_build_object('task', pressroom.task_json(r)))::pressroom.change ORDER BY task_id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.phase_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'phase_changed',
                   json_build_object('phase', pressroom.phase_json(r)))::pressroom.change ORDER BY task_id, ordinal) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.step_insertions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'queue_built', json_build_object('phase_id', phase_id, 'steps', steps))
                   ::pressroom.change ORDER BY task_id, phase_id) AS changes
          FROM (SELECT tenant_id, task_id, phase_id, json_agg(pressroom.step_json(r) ORDER BY sequence, id) AS steps
                  FROM changed r GROUP BY tenant_id, task_id, phase_id) queue
         GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.step_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'step_updated',
                   json_build_object('step', pressroom.step_json(r)))::pressroom.change ORDER BY task_id, sequence, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.output_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'output_updated',
                   json_build_object('output', pressroom.output_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.output_version_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'output_version_added',
                   json_build_object('output_version', pressroom.output_version_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.evaluation_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'evaluation_updated',
                   json_build_object('evaluation', pressroom.evaluation_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.ranking_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'ranking_updated',
                   json_build_object('ranking', pressroom.ranking_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.human_task_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'human_task_updated',
                   json_build_object('human_task', pressroom.human_task_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.log_insertions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'log_appended',
                   json_build_object('log', pressroom.log_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pressroom.workflow_json(r pressroom.workflows) RETURNS json
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
        'usage', r.usage,
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

CREATE OR REPLACE FUNCTION pressroom.phase_json(r pressroom.phases) RETURNS json
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

CREATE OR REPLACE FUNCTION pressroom.step_json(r pressroom.steps) RETURNS json
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

CREATE OR REPLACE FUNCTION pressroom.output_json(r pressroom.outputs) RETURNS json
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

CREATE OR REPLACE FUNCTION pressroom.output_version_json(r pressroom.output_versions) RETURNS json
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

CREATE OR REPLACE FUNCTION pressroom.evaluation_json(r pressroom.evaluations) RETURNS json
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

CREATE OR REPLACE FUNCTION pressroom.ranking_json(r pressroom.rankings) RETURNS json
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

CREATE OR REPLACE FUNCTION pressroom.human_task_json(r pressroom.human_tasks) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'step_id', r.step_id,
        'title', r.title,
        'description', r.description,
        'form_schema', r.form_schema,
        'assignee_id', r.assignee_id,
        'assignee_group', r.assignee_group,
        'due_at', pressroom.iso(r.due_at),
        'reminder_at', pressroom.iso(r.reminder_at),
        'reminded_at', pressroom.iso(r.reminded_at),
        'status', r.status,
        'claimed_by', r.claimed_by,
        'response', r.response,
        'completed_by', r.completed_by,
        'completed_at', pressroom.iso(r.completed_at),
        'version', r.version,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE OR REPLACE FUNCTION pressroom.log_json(r pressroom.logs) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'phase_id', r.phase_id,
        'step_id', r.step_id,
        'level', r.level,
        'message', r.message,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

DROP FUNCTION pressroom.workflow_text(pressroom.workflows);
DROP FUNCTION pressroom.task_text(pressroom.tasks);
DROP FUNCTION pressroom.phase_text(pressroom.phases);
DROP FUNCTION pressroom.step_text(pressroom.steps);
DROP FUNCTION pressroom.output_text(pressroom.outputs);
DROP FUNCTION pressroom.output_version_text(pressroom.output_versions);
DROP FUNCTION pressroom.evaluation_text(pressroom.evaluations);
DROP FUNCTION pressroom.ranking_text(pressroom.rankings);
DROP FUNCTION pressroom.human_task_text(pressroom.human_tasks);
DROP FUNCTION pressroom.log_text(pressroom.logs);

DROP FUNCTION pressroom.is_legal(text, text, text);
DROP FUNCTION pressroom.define_legal_transitions();
DROP FUNCTION pressroom.define_row_events(text, text, text, text);
DROP FUNCTION pressroom.define_row_json(regclass, text, text[]);

ALTER TABLE pressroom.tasks RESET (fillfactor);
ALTER TABLE pressroom.phases RESET (fillfactor);
ALTER TABLE pressroom.steps RESET (fillfactor);
