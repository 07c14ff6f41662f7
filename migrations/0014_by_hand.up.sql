-- What follows a change by hand (in psql, or by PATCH /outputs/{id}), and what is refused
-- (docs/decisions/0031-changes-by-hand.md). Triggers see to it, so that no client can forget it. In short:
--   * A text that is changed by hand is a version of its own.
--   * Whatever a task shows of changed rows is made again by a processor: open questions, the result, a parent's copy of it.
--   * Rows stay in their task. Rows of state and history are removed with their task, and events by retention; nothing else
--     removes one.

-- Texts -----------------------------------------------------------------------------------------------------------

-- A processor keeps a text in output_versions before it puts it on the draft. So a text that is not there is one by hand,
-- from any client and whatever else the statement sets: it gets the next number, and its version at the statement's end.
CREATE FUNCTION pressroom.guard_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version_number > OLD.version_number AND EXISTS (
            SELECT FROM pressroom.output_versions v
             WHERE v.tenant_id = NEW.tenant_id AND v.output_id = NEW.id AND v.version_number = NEW.version_number
               AND v.content = NEW.content) THEN
        NEW.edited_by := NULL;
        RETURN NEW;
    END IF;
    IF NEW.content IS NOT DISTINCT FROM OLD.content THEN
        RAISE EXCEPTION 'version_number changes only with content, by itself' USING ERRCODE = 'check_violation';
    END IF;
    IF coalesce(NEW.content, '') !~ '\S' THEN
        RAISE EXCEPTION 'a draft cannot be changed to an empty text' USING ERRCODE = 'check_violation';
    END IF;
    NEW.version_number := 1 + greatest(OLD.version_number, (
        SELECT max(v.version_number) FROM pressroom.output_versions v
         WHERE v.tenant_id = NEW.tenant_id AND v.output_id = NEW.id));
    NEW.finish_reason := NULL; -- no model has ended it
    NEW.edited_by := pressroom.event_actor();
    PERFORM set_config('pressroom.texts_by_hand', 'on', true);
    RETURN NEW;
END $$;
CREATE TRIGGER guard_text BEFORE UPDATE OF content, version_number ON pressroom.outputs FOR EACH ROW
    WHEN (NEW.content IS DISTINCT FROM OLD.content OR NEW.version_number <> OLD.version_number)
    EXECUTE FUNCTION pressroom.guard_text();

-- At the end of the statement, when all its rows are locked: the versions have events, which take the tenant's head.
CREATE FUNCTION pressroom.keep_texts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH kept AS (
        INSERT INTO pressroom.output_versions (tenant_id, output_id, task_id, version_number, action, agent, content)
        SELECT c.tenant_id, c.id, c.task_id, c.version_number, 'manual',
               json_build_object('actor', coalesce(c.edited_by, pressroom.event_actor())), c.content
          FROM changed c
         WHERE c.version_number > 0 AND c.content IS NOT NULL AND NOT EXISTS (
               SELECT FROM pressroom.output_versions v
                WHERE v.tenant_id = c.tenant_id AND v.output_id = c.id AND v.version_number = c.version_number)
         ORDER BY c.tenant_id, c.task_id, c.id
        RETURNING tenant_id, task_id
    )
    INSERT INTO pressroom.wake_requests (tenant_id, task_id, action) SELECT DISTINCT tenant_id, task_id, 'reread' FROM kept;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_texts AFTER UPDATE ON pressroom.outputs REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
    WHEN (current_setting('pressroom.texts_by_hand', true) = 'on')
    EXECUTE FUNCTION pressroom.keep_texts();

-- What is read again ----------------------------------------------------------------------------------------------

-- Has a processor make again what the task of the row shows of others.
CREATE FUNCTION pressroom.ask_to_reread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.wake_requests (tenant_id, task_id, action) VALUES (NEW.tenant_id, NEW.task_id, 'reread');
    RETURN NULL;
END $$;
-- A processor changes no output of a completed phase, except where the result of a sub-task has changed.
CREATE TRIGGER reread AFTER UPDATE OF output ON pressroom.phases FOR EACH ROW
    WHEN (OLD.status = 'completed' AND NEW.status = 'completed' AND OLD.output::text IS DISTINCT FROM NEW.output::text)
    EXECUTE FUNCTION pressroom.ask_to_reread();
CREATE TRIGGER reread AFTER UPDATE OF input, config ON pressroom.tasks FOR EACH ROW
    WHEN ((OLD.input::text, OLD.config::text) IS DISTINCT FROM (NEW.input::text, NEW.config::text))
    EXECUTE FUNCTION pressroom.ask_to_reread();

CREATE FUNCTION pressroom.ask_parent_to_reread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.wake_requests (tenant_id, task_id, action) VALUES (NEW.tenant_id, NEW.parent_task_id, 'reread');
    RETURN NULL;
END $$;
CREATE TRIGGER reread_parent AFTER UPDATE OF result ON pressroom.tasks FOR EACH ROW
    WHEN (NEW.parent_task_id IS NOT NULL AND OLD.status = 'completed' AND OLD.result::text IS DISTINCT FROM NEW.result::text)
    EXECUTE FUNCTION pressroom.ask_parent_to_reread();

-- What a phase brought, as templates, expressions and results show it: in place of the ids that it names, the outputs as
-- they are now. The processor makes the same of the rows that it has in memory (PhaseOutputs.swift); a test compares them.
CREATE FUNCTION pressroom.phase_output(p pressroom.phases) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p.kind IN ('write', 'edit', 'evaluate', 'select', 'rank')
                 AND json_typeof(p.output) = 'object' AND json_typeof(p.output -> 'output_ids') = 'array' THEN
        ('{' || (SELECT string_agg(
            CASE m.key WHEN 'output_ids' THEN '"outputs":[' || coalesce((
                SELECT string_agg('{"output_id":"' || o.id || '","track":' || to_json(o.track) || ',"status":"' || o.status
                           || '","writer":' || coalesce((o.writer -> 'slug')::text, 'null')
                           || ',"content":' || coalesce(to_json(o.content)::text, 'null')
                           || ',"version_number":' || o.version_number
                           || ',"finish_reason":' || coalesce(to_json(o.finish_reason)::text, 'null') || '}', ',' ORDER BY i.number)
                  FROM json_array_elements_text(m.value) WITH ORDINALITY AS i (id, number)
                  JOIN pressroom.outputs o ON o.tenant_id = p.tenant_id AND o.id::text = i.id), '') || ']'
            ELSE to_json(m.key) || ':' || m.value END, ',' ORDER BY m.number)
          FROM json_each(p.output) WITH ORDINALITY AS m (key, value, number)) || '}')::json
    ELSE p.output END
$$;

-- The text of what a phase brought: of its outputs, the best first, or of the answer of its agent.
CREATE FUNCTION pressroom.text_brought(kind text, output json) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN kind = 'agent' THEN coalesce(
            CASE json_typeof(output) WHEN 'object' THEN
                CASE json_typeof(output -> 'output') WHEN 'string' THEN output ->> 'output' ELSE (output -> 'output')::text END
            WHEN 'string' THEN output #>> '{}' END, output::text)
        ELSE coalesce(
            CASE WHEN json_typeof(output) = 'object' AND json_typeof(output -> 'outputs') = 'array' THEN (
                SELECT string_agg(o.value ->> 'content', E'\n\n' ORDER BY o.number)
                  FROM json_array_elements(output -> 'outputs') WITH ORDINALITY AS o (value, number)
                 WHERE json_typeof(o.value) = 'object' AND json_typeof(o.value -> 'content') = 'string') END, output::text)
    END
$$;

-- `phases.<id>` is what each completed phase brought, `step_<n>_output` the text of the n-th one.
CREATE FUNCTION pressroom.accumulated_context(tenant text, task uuid) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ('{' || coalesce(string_agg('"step_' || p.place || '_output":' || to_json(pressroom.text_brought(p.kind, p.output)) || ',',
                                       '' ORDER BY p.place) FILTER (WHERE p.place IS NOT NULL), '')
            || '"phases":{' || coalesce(string_agg(to_json(p.key) || ':' || coalesce(p.output::text, 'null'), ','
                                                   ORDER BY p.place NULLS LAST, p.ordinal), '') || '}}')::json
      FROM (SELECT r.key, r.kind, r.ordinal, r.place, pressroom.phase_output(r) AS output FROM pressroom.phases r
             WHERE r.tenant_id = tenant AND r.task_id = task AND r.status = 'completed') AS p
$$;

-- Rows stay where they are ----------------------------------------------------------------------------------------

-- On columns that no statement of the service sets, so that its updates pay nothing.
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, task_id, workflow_id, workflow_name, workflow_version, parent_task_id,
    forked_from_task_id ON pressroom.tasks FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.task_id, NEW.workflow_id, NEW.workflow_name, NEW.workflow_version, NEW.parent_task_id,
           NEW.forked_from_task_id)
          IS DISTINCT FROM (OLD.tenant_id, OLD.task_id, OLD.workflow_id, OLD.workflow_name, OLD.workflow_version,
                            OLD.parent_task_id, OLD.forked_from_task_id))
    EXECUTE FUNCTION pressroom.refuse('a task keeps its ids and its workflow; fork it, or start another');
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, id, task_id, key, kind, ordinal ON pressroom.phases FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.task_id, NEW.key, NEW.kind, NEW.ordinal)
          IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.task_id, OLD.key, OLD.kind, OLD.ordinal))
    EXECUTE FUNCTION pressroom.refuse('a phase keeps its id, task, key, kind and ordinal');
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, id, task_id, phase_id, output_id, kind, sequence ON pressroom.steps
    FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.task_id, NEW.phase_id, NEW.kind, NEW.sequence)
          IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.task_id, OLD.phase_id, OLD.kind, OLD.sequence)
          OR OLD.output_id IS NOT NULL AND NEW.output_id IS DISTINCT FROM OLD.output_id)
    EXECUTE FUNCTION pressroom.refuse('a step keeps its id, task, phase, output, kind and sequence');
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, id, task_id, track, writer ON pressroom.outputs FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.task_id, NEW.track, NEW.writer::text)
          IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.task_id, OLD.track, OLD.writer::text))
    EXECUTE FUNCTION pressroom.refuse('an output keeps its id, task, track and writer');
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, id, task_id, phase_id, step_id, output_id, stage ON pressroom.evaluations
    FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.task_id, NEW.phase_id, NEW.step_id, NEW.output_id, NEW.stage)
          IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.task_id, OLD.phase_id, OLD.step_id, OLD.output_id, OLD.stage))
    EXECUTE FUNCTION pressroom.refuse('an evaluation keeps its id, task, phase, step, output and stage');
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, id, task_id, phase_id ON pressroom.rankings FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.task_id, NEW.phase_id) IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.task_id, OLD.phase_id))
    EXECUTE FUNCTION pressroom.refuse('a ranking keeps its id, task and phase');
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, id, task_id, step_id ON pressroom.human_tasks FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.task_id, NEW.step_id) IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.task_id, OLD.step_id))
    EXECUTE FUNCTION pressroom.refuse('a human task keeps its id, task and step');
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, id, task_id, name ON pressroom.signals FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.task_id, NEW.name) IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.task_id, OLD.name))
    EXECUTE FUNCTION pressroom.refuse('a signal keeps its id, task and name');
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, parent_step_id, attempt, parent_task_id, task_id ON pressroom.subtasks
    FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.parent_step_id, NEW.attempt, NEW.parent_task_id, NEW.task_id)
          IS DISTINCT FROM (OLD.tenant_id, OLD.parent_step_id, OLD.attempt, OLD.parent_task_id, OLD.task_id))
    EXECUTE FUNCTION pressroom.refuse('a sub-task stays with the step that started it');

-- Nothing goes in silence -----------------------------------------------------------------------------------------

-- Rows are removed only by the functions that are named here: they have the setting pressroom.removal while they run. They set
-- it themselves: a SET clause with a setting that no extension defines is for superusers.
-- A stream cannot tell of a row that is gone, so a deletion by hand is refused, with what to do instead.
DO $$
DECLARE
    guarded record;
BEGIN
    FOR guarded IN
        SELECT * FROM (VALUES
            ('tasks', 'delete_task() or DELETE /api/v1/tasks/{task_id} removes a task with its rows and events'),
            ('phases', 'a phase is removed with its task only'),
            ('steps', 'a step is removed with its task only; set its status to skipped, cancelled or failed'),
            ('outputs', 'an output is removed with its task only; set its status to failed to leave it out'),
            ('output_versions', 'rows of output_versions are history, and removed with their task only'),
            ('evaluations', 'an evaluation is removed with its task only; correct its score, or fork the task from the phase before'),
            ('rankings', 'a ranking is removed with its task only; correct its entries, or fork the task from its phase'),
            ('human_tasks', 'a human task is removed with its task only; set its status to cancelled'),
            ('logs', 'rows of logs are history, and removed with their task only'),
            ('events', 'rows of events are history; remove_events() and delete_task() remove what retention or a task''s deletion allows'),
            ('deleted_tasks', 'rows of deleted_tasks tell holes of the log from losses; forget_deleted_tasks() removes those that are past retention'),
            ('pending_events', 'changes that wait for the commit cannot be withdrawn; roll the transaction back')
        ) AS refusals (relation, instead)
    LOOP
        EXECUTE format('CREATE TRIGGER guard_removal BEFORE DELETE ON pressroom.%I FOR EACH STATEMENT
                        WHEN (current_setting(''pressroom.removal'', true) IS DISTINCT FROM ''on'')
                        EXECUTE FUNCTION pressroom.refuse(%L)', guarded.relation, guarded.instead);
        EXECUTE format('CREATE TRIGGER guard_truncation BEFORE TRUNCATE ON pressroom.%I FOR EACH STATEMENT
                        EXECUTE FUNCTION pressroom.refuse(%L)', guarded.relation, guarded.relation || ' cannot be truncated: ' || guarded.instead);
    END LOOP;
END $$;
CREATE TRIGGER guard_truncation BEFORE TRUNCATE ON pressroom.stream_heads FOR EACH STATEMENT
    EXECUTE FUNCTION pressroom.refuse('stream_heads cannot be truncated: each tenant has its log there');
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.pending_events FOR EACH STATEMENT
    EXECUTE FUNCTION pressroom.refuse('changes that wait for the commit are never changed');

-- Removes a task with all its rows and its events. By table, and not by the cascade, which goes row by row. The positions of
-- the events stay known.
CREATE FUNCTION pressroom.delete_task(tenant text, task uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('pressroom.removal', 'on', true);
    WITH removed AS (
        DELETE FROM pressroom.events e WHERE e.tenant_id = tenant AND e.task_id = task RETURNING position
    )
    INSERT INTO pressroom.deleted_tasks (tenant_id, task_id, positions)
    SELECT tenant, task, coalesce(range_agg(int8range(position, position, '[]')), '{}') FROM removed;
    DELETE FROM pressroom.live_texts WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.idempotency_keys WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.call_bodies b USING pressroom.calls c
     WHERE c.tenant_id = tenant AND c.task_id = task AND b.tenant_id = tenant AND b.call_id = c.id;
    DELETE FROM pressroom.calls WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.attempts WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.status_changes WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.logs WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.rankings WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.evaluations WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.output_versions WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.outputs WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.subtasks WHERE tenant_id = tenant AND parent_task_id = task;
    DELETE FROM pressroom.human_tasks WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.steps WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.signals WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.phases WHERE tenant_id = tenant AND task_id = task;
    DELETE FROM pressroom.tasks WHERE tenant_id = tenant AND task_id = task;
    PERFORM set_config('pressroom.removal', '', true);
END $$;

-- Removes the events between two positions that are past retention (0010_retention), and keeps the transitions that they
-- told (0016_calls). The positions are to rise from call to call. Returns how many events it removed.
CREATE FUNCTION pressroom.remove_events(tenant text, first bigint, last bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    PERFORM set_config('pressroom.removal', 'on', true);
    WITH removed AS (
        DELETE FROM pressroom.events
         WHERE tenant_id = tenant
           AND position BETWEEN first AND least(last, (SELECT h.pruned FROM pressroom.stream_heads h WHERE h.tenant_id = tenant))
        RETURNING task_id, position, type, payload, created_at, actor
    ), told AS (
        SELECT r.*, s.*, lag(s.status) OVER (PARTITION BY s.entity_id ORDER BY r.position, s.ordinal) AS before
          FROM removed r CROSS JOIN LATERAL pressroom.told_statuses(r.type, r.payload) AS s
    ), kept AS (
        INSERT INTO pressroom.status_changes (tenant_id, task_id, entity_id, position, ordinal, entity, "from", "to", at, actor)
        SELECT tenant, c.task_id, c.entity_id, c.position, c.ordinal, c.entity, c.previous, c.status, c.created_at, c.actor
          FROM (SELECT told.*, coalesce(told.before, pressroom.kept_status(tenant, told.task_id, told.entity_id)) AS previous
                  FROM told) AS c
         WHERE c.status IS DISTINCT FROM c.previous
    )
    SELECT count(*) INTO number FROM removed;
    PERFORM set_config('pressroom.removal', '', true);
    RETURN number;
END $$;

-- Forgets the deleted tasks whose events would be past retention by now: no replay gets there any more.
CREATE FUNCTION pressroom.forget_deleted_tasks() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('pressroom.removal', 'on', true);
    DELETE FROM pressroom.deleted_tasks d USING pressroom.stream_heads h
     WHERE h.tenant_id = d.tenant_id AND coalesce(upper(d.positions), 0) <= h.pruned + 1;
    PERFORM set_config('pressroom.removal', '', true);
END $$;
