-- What every write of a state row costs: how rows become JSON, how transitions are checked, how events are appended.

-- Defines the functions that make a row JSON (<name>_json) and its text (<name>_text) out of the table's own columns, each
-- under its own name and in the table's order, timestamps by pressroom.iso(). To be called again after a column was added.
--
-- They concatenate texts: json_build_object looks up the type of every argument for every row, which takes more than
-- twice as long.
CREATE FUNCTION pressroom.define_row_json(relation regclass, name text, hidden text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    members text;
BEGIN
    SELECT string_agg(
               format('%L || %s', CASE WHEN a.number > 1 THEN ',' ELSE '' END || to_json(a.attname) || ':',
                      CASE WHEN a.attnotnull THEN a.value ELSE format('coalesce(%s, ''null'')', a.value) END),
               E'\n        || ' ORDER BY a.number)
      INTO members
      FROM (SELECT c.attname, c.attnotnull, row_number() OVER (ORDER BY c.attnum) AS number,
                   CASE WHEN c.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'json'::regtype, 'jsonb'::regtype)
                        THEN format('r.%I::text', c.attname)
                        WHEN c.atttypid = 'bool'::regtype THEN format('CASE WHEN r.%1$I THEN ''true'' WHEN NOT r.%1$I THEN ''false'' END', c.attname)
                        WHEN c.atttypid = 'uuid'::regtype THEN format('''"'' || r.%I || ''"''', c.attname)
                        WHEN c.atttypid = 'timestamptz'::regtype THEN format('''"'' || pressroom.iso(r.%I) || ''"''', c.attname)
                        ELSE format('to_json(r.%I)::text', c.attname) END AS value
              FROM pg_attribute c
             WHERE c.attrelid = relation AND c.attnum > 0 AND NOT c.attisdropped AND c.attname <> ALL (hidden)) a;
    EXECUTE format(E'CREATE OR REPLACE FUNCTION pressroom.%I(r %s) RETURNS text\n'
                   'LANGUAGE sql STABLE PARALLEL SAFE AS $f$\n    SELECT ''{''\n        || %s\n        || ''}''\n$f$',
                   name || '_text', relation, members);
    EXECUTE format('CREATE OR REPLACE FUNCTION pressroom.%I(r %s) RETURNS json '
                   'LANGUAGE sql STABLE PARALLEL SAFE AS $f$ SELECT pressroom.%I(r)::json $f$',
                   name || '_json', relation, name || '_text');
END $$;

SELECT pressroom.define_row_json('pressroom.workflows', 'workflow', '{version_sort,concurrency}'),
       pressroom.define_row_json('pressroom.tasks', 'task'),
       pressroom.define_row_json('pressroom.phases', 'phase'),
       pressroom.define_row_json('pressroom.steps', 'step', '{limited_workflow,lane}'),
       pressroom.define_row_json('pressroom.outputs', 'output'),
       pressroom.define_row_json('pressroom.output_versions', 'output_version'),
       pressroom.define_row_json('pressroom.evaluations', 'evaluation'),
       pressroom.define_row_json('pressroom.rankings', 'ranking'),
       pressroom.define_row_json('pressroom.human_tasks', 'human_task'),
       pressroom.define_row_json('pressroom.logs', 'log');

-- Defines the trigger function that turns each row that a statement wrote into an event with that row.
CREATE FUNCTION pressroom.define_row_events(function text, event text, name text, ordering text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($f$
        CREATE OR REPLACE FUNCTION pressroom.%1$I() RETURNS trigger LANGUAGE plpgsql AS $b$
        DECLARE c record;
        BEGIN
            FOR c IN
                SELECT tenant_id, array_agg(ROW(task_id, %2$L, ('{"%3$s":' || pressroom.%4$I(r) || '}')::json)
                           ::pressroom.change ORDER BY %5$s) AS changes
                  FROM changed r GROUP BY tenant_id ORDER BY tenant_id
            LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
            RETURN NULL;
        END $b$ $f$, function, event, name, name || '_text', ordering);
END $$;

SELECT pressroom.define_row_events('task_changes', 'task_updated', 'task', 'task_id'),
       pressroom.define_row_events('phase_changes', 'phase_changed', 'phase', 'task_id, ordinal'),
       pressroom.define_row_events('step_changes', 'step_updated', 'step', 'task_id, sequence, id'),
       pressroom.define_row_events('output_changes', 'output_updated', 'output', 'task_id, id'),
       pressroom.define_row_events('output_version_changes', 'output_version_added', 'output_version', 'task_id, id'),
       pressroom.define_row_events('evaluation_changes', 'evaluation_updated', 'evaluation', 'task_id, id'),
       pressroom.define_row_events('ranking_changes', 'ranking_updated', 'ranking', 'task_id, id'),
       pressroom.define_row_events('human_task_changes', 'human_task_updated', 'human_task', 'task_id, id'),
       pressroom.define_row_events('log_insertions', 'log_appended', 'log', 'task_id, id');

CREATE OR REPLACE FUNCTION pressroom.step_insertions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'queue_built',
                   ('{"phase_id":"' || phase_id || '","steps":[' || steps || ']}')::json)::pressroom.change
                   ORDER BY task_id, phase_id) AS changes
          FROM (SELECT tenant_id, task_id, phase_id, string_agg(pressroom.step_text(r), ',' ORDER BY sequence, id) AS steps
                  FROM changed r GROUP BY tenant_id, task_id, phase_id) queue
         GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

-- Appends events to a tenant's log at once, in the order given. Answers the position of the last.
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
    -- Each task is looked up by its key, whatever the planner believes of a table that was not analyzed yet.
    INSERT INTO pressroom.events (tenant_id, position, task_id, conversation_id, type, payload, actor, created_at)
    SELECT tenant, last - cardinality(changes) + c.ordinal, c.task_id, t.conversation_id, c.type,
           -- What a phase's event says of its task is read here, under the head's lock, so that it is never stale.
           CASE c.type WHEN 'phase_changed'
               THEN (left(rtrim(c.payload::text, E' \n\r\t'), -1) || ',"task":{"status":"' || t.status || '","phase":'
                     || coalesce(to_json(t.phase)::text, 'null') || '}}')::json
               ELSE c.payload END,
           actor, clock_timestamp()
      FROM unnest(changes) WITH ORDINALITY AS c (task_id, type, payload, ordinal),
           LATERAL (SELECT tasks.context ->> 'conversation_id' AS conversation_id, tasks.status, tasks.phase
                      FROM pressroom.tasks WHERE tasks.tenant_id = tenant AND tasks.task_id = c.task_id LIMIT 1) AS t;
    RETURN last;
END $$;

-- Defines the function that says whether a transition is legal, out of the table of transitions. To be called again after
-- the table was changed.
CREATE FUNCTION pressroom.define_legal_transitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    legal text[];
BEGIN
    SELECT array_agg(entity || ' ' || from_status || ' ' || to_status ORDER BY entity, from_status, to_status)
      INTO legal FROM pressroom.transitions;
    EXECUTE format('CREATE OR REPLACE FUNCTION pressroom.is_legal(entity text, from_status text, to_status text) RETURNS boolean '
                   'LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$ SELECT entity || '' '' || from_status || '' '' || to_status '
                   '= ANY (%L::text[]) $f$', legal);
END $$;

SELECT pressroom.define_legal_transitions();

CREATE OR REPLACE FUNCTION pressroom.guard_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.context IS DISTINCT FROM OLD.context THEN
        RAISE EXCEPTION 'the execution context of a task does not change' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status <> OLD.status THEN
        IF NOT pressroom.is_legal('task', OLD.status, NEW.status) THEN
            PERFORM pressroom.check_transition('task', OLD.status, NEW.status);
        END IF;
        -- A task can begin and end in one transaction, whose row goes from pending to completed at once. Transactions can
        -- begin in another order than they take the row: no time is before the one that it follows.
        NEW.started_at := CASE WHEN NEW.status IN ('running', 'waiting', 'completed', 'failed')
                               THEN coalesce(OLD.started_at, greatest(now(), OLD.created_at)) ELSE NEW.started_at END;
        NEW.paused_at := CASE WHEN NEW.status = 'paused' THEN now() END;
        NEW.completed_at := CASE WHEN NEW.status = 'completed' THEN greatest(now(), NEW.started_at) END;
        NEW.failed_at := CASE WHEN NEW.status = 'failed' THEN greatest(now(), NEW.started_at) END;
        NEW.cancelled_at := CASE WHEN NEW.status = 'cancelled' THEN greatest(now(), OLD.created_at, NEW.started_at) END;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION pressroom.guard_phase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        IF NOT pressroom.is_legal('phase', OLD.status, NEW.status) THEN
            PERFORM pressroom.check_transition('phase', OLD.status, NEW.status);
        END IF;
        -- As with tasks: a phase without a step opens and closes in one transaction.
        NEW.started_at := CASE WHEN NEW.status IN ('running', 'waiting', 'completed', 'failed')
                               THEN coalesce(OLD.started_at, greatest(now(), OLD.created_at)) ELSE NEW.started_at END;
        NEW.completed_at := CASE WHEN NEW.status IN ('completed', 'failed', 'skipped', 'cancelled')
                                 THEN greatest(now(), OLD.created_at, NEW.started_at) END;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION pressroom.guard_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        IF NOT pressroom.is_legal('step', OLD.status, NEW.status) THEN
            PERFORM pressroom.check_transition('step', OLD.status, NEW.status);
        END IF;
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
        IF NOT pressroom.is_legal('output', OLD.status, NEW.status) THEN
            PERFORM pressroom.check_transition('output', OLD.status, NEW.status);
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION pressroom.guard_evaluation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        IF NOT pressroom.is_legal('evaluation', OLD.status, NEW.status) THEN
            PERFORM pressroom.check_transition('evaluation', OLD.status, NEW.status);
        END IF;
    END IF;
    RETURN NEW;
END $$;

-- These rows change several times in their lives: with room on the page, and no index on what changes, an update touches
-- no index.
ALTER TABLE pressroom.tasks SET (fillfactor = 60);
ALTER TABLE pressroom.phases SET (fillfactor = 60);
ALTER TABLE pressroom.steps SET (fillfactor = 80);
