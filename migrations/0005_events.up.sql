-- The event log (docs/events.md). In short:
--   * Statement triggers turn every change of a state row into an event, whichever client makes it.
--   * stream_heads hands out a tenant's positions. Its row lock is held until commit, so positions are gapless and
--     become visible in commit order.
--   * The service's transactions are short and set pressroom.events = 'immediate': they take positions at once.
--     All others (an operator in psql) leave their changes in pending_events and take positions at commit, in the
--     order of tenant ids; an open transaction of theirs holds back nothing but its own rows.

CREATE TABLE pressroom.stream_heads (
    tenant_id  text PRIMARY KEY REFERENCES pressroom.tenants ON DELETE CASCADE,
    epoch      text NOT NULL DEFAULT substr(replace(gen_random_uuid()::text, '-', ''), 1, 8),
    position   bigint NOT NULL DEFAULT 0,
    pruned     bigint NOT NULL DEFAULT 0, -- positions up to here are past retention
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION pressroom.add_stream_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.stream_heads (tenant_id) VALUES (NEW.tenant_id);
    RETURN NULL;
END $$;
CREATE TRIGGER stream_head AFTER INSERT ON pressroom.tenants FOR EACH ROW EXECUTE FUNCTION pressroom.add_stream_head();
INSERT INTO pressroom.stream_heads (tenant_id) SELECT tenant_id FROM pressroom.tenants;

CREATE TABLE pressroom.events (
    tenant_id       text NOT NULL,
    position        bigint NOT NULL,
    task_id         uuid NOT NULL,
    conversation_id text,
    type            text NOT NULL,
    payload         json NOT NULL, -- the body of the event: {"output": {…}}, {"data": …}
    actor           text NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, position)
);
CREATE INDEX events_task ON pressroom.events (tenant_id, task_id, position);
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.events FOR EACH STATEMENT
    EXECUTE FUNCTION pressroom.refuse('rows of events are never changed');

-- Changes of open transactions; empty between transactions.
CREATE TABLE pressroom.pending_events (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    tenant_id text NOT NULL,
    task_id   uuid NOT NULL,
    type      text NOT NULL,
    payload   json NOT NULL CHECK (payload::jsonb IS NOT NULL) -- what the service could not read is refused (0001_tables)
);
CREATE INDEX pending_events_xid ON pressroom.pending_events (xid, tenant_id, id);

-- Which positions belonged to deleted tasks, so that such a hole in the log can be told from a loss. Retention removes the
-- rows when it has passed their positions.
CREATE TABLE pressroom.deleted_tasks (
    tenant_id  text NOT NULL REFERENCES pressroom.tenants,
    task_id    uuid NOT NULL,
    positions  int8multirange NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, task_id)
);

-- An event on its way to the log: with its whole body, or as a changed row with the members of the body, '"step":{…}', so
-- that its JSON is put together once and parsed once.
CREATE TYPE pressroom.change AS (task_id uuid, type text, payload json);
CREATE TYPE pressroom.row_change AS (task_id uuid, type text, members text);

-- Takes a tenant's next positions, and with them its head until the commit. Returns the last. The service's transactions may
-- limit how long they wait for rows, and have locked all of these by then; for the head they wait without a limit.
CREATE FUNCTION pressroom.take_positions(tenant text, number integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
    is_first boolean := current_setting('pressroom.events', true) = 'immediate' AND tenant = current_setting('pressroom.tenant', true)
                        AND coalesce(current_setting('pressroom.first_event', true), '') = '';
BEGIN
    IF is_first THEN PERFORM set_config('lock_timeout', '0', true); END IF;
    UPDATE pressroom.stream_heads h
       SET position = h.position + number, updated_at = now()
     WHERE h.tenant_id = tenant
    RETURNING h.position INTO last;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant % has no stream head', tenant USING ERRCODE = 'foreign_key_violation';
    END IF;
    -- The service reads its own events back with the commit, from here on.
    IF is_first THEN
        PERFORM set_config('pressroom.first_event', (last - number)::text, true);
    END IF;
    RETURN last;
END $$;

CREATE FUNCTION pressroom.event_actor() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('pressroom.actor', true), ''), session_user)
$$;

-- Appends the events of changed rows to a tenant's log at once, in the order given.
CREATE FUNCTION pressroom.append_rows(tenant text, changes pressroom.row_change[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first bigint := pressroom.take_positions(tenant, cardinality(changes)) - cardinality(changes);
    actor text := pressroom.event_actor();
BEGIN
    -- LATERAL … LIMIT 1 looks each task up by its key, even when the planner has no statistics of the table yet.
    INSERT INTO pressroom.events (tenant_id, position, task_id, conversation_id, type, payload, actor, created_at)
    SELECT tenant, first + c.ordinal, c.task_id, t.conversation_id, c.type,
           -- A phase's event also has its task's status. It is read here, under the head's lock, so it is never stale.
           CASE c.type WHEN 'phase_changed'
               THEN ('{' || c.members || ',"task":{"status":"' || t.status || '","phase":'
                     || coalesce(to_json(t.phase)::text, 'null') || '}}')::json
               ELSE ('{' || c.members || '}')::json END,
           actor, clock_timestamp()
      FROM unnest(changes) WITH ORDINALITY AS c (task_id, type, members, ordinal),
           LATERAL (SELECT tasks.context ->> 'conversation_id' AS conversation_id, tasks.status, tasks.phase
                      FROM pressroom.tasks WHERE tasks.tenant_id = tenant AND tasks.task_id = c.task_id LIMIT 1) AS t;
END $$;

-- Appends events to a tenant's log at once, in the order given. Returns the position of the last.
CREATE FUNCTION pressroom.append_events(tenant text, changes pressroom.change[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    last bigint := pressroom.take_positions(tenant, cardinality(changes));
    actor text := pressroom.event_actor();
BEGIN
    INSERT INTO pressroom.events (tenant_id, position, task_id, conversation_id, type, payload, actor, created_at)
    SELECT tenant, last - cardinality(changes) + c.ordinal, c.task_id, t.conversation_id, c.type,
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

-- Appends clients' events in the order given: element i of `data` to task i. Returns the log's epoch, the position of the
-- last event, and the tasks that got theirs. A task that does not exist, or whose row another session holds, gets none and
-- takes no position.
CREATE FUNCTION pressroom.append_custom_events(tenant text, task_ids uuid[], types text[], data json)
RETURNS TABLE (epoch text, "position" bigint, held uuid[])
LANGUAGE plpgsql AS $$
DECLARE
    changes pressroom.change[];
BEGIN
    -- The tasks are locked first: a position that is taken for a deleted task would stay empty.
    SELECT array_agg(t.task_id) INTO held
      FROM (SELECT tasks.task_id FROM pressroom.tasks
             WHERE tasks.tenant_id = tenant AND tasks.task_id = ANY(task_ids)
             ORDER BY tasks.task_id FOR KEY SHARE SKIP LOCKED) t;
    SELECT array_agg(ROW(g.task_id, g.type, json_build_object('data', g.datum))::pressroom.change ORDER BY g.number)
      INTO changes
      FROM ROWS FROM (unnest(task_ids), unnest(types), json_array_elements(data))
           WITH ORDINALITY AS g (task_id, type, datum, number)
     WHERE g.task_id = ANY(held);
    IF changes IS NOT NULL THEN "position" := pressroom.append_events(tenant, changes); END IF;
    SELECT h.epoch INTO epoch FROM pressroom.stream_heads h WHERE h.tenant_id = tenant;
    RETURN NEXT;
END $$;

-- Appends the events of changed rows now or leaves them for the commit, as the transaction's setting says.
CREATE FUNCTION pressroom.record_rows(tenant text, changes pressroom.row_change[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('pressroom.events', true) = 'immediate' THEN
        PERFORM pressroom.append_rows(tenant, changes);
    ELSE
        INSERT INTO pressroom.pending_events (tenant_id, task_id, type, payload)
        SELECT tenant, c.task_id, c.type, ('{' || c.members || '}')::json
          FROM unnest(changes) WITH ORDINALITY AS c (task_id, type, members, ordinal) ORDER BY c.ordinal;
    END IF;
END $$;

-- Runs at commit, once for each pending row. The first run takes them all, tenants in the order of their ids, so that two
-- such transactions cannot deadlock. The other runs see by the key of their own row that it is gone: a look for the
-- transaction's rows would go through all that the first run has deleted.
CREATE FUNCTION pressroom.append_pending_events() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    pending record;
BEGIN
    IF NOT EXISTS (SELECT FROM pressroom.pending_events WHERE id = NEW.id) THEN RETURN NULL; END IF;
    PERFORM set_config('pressroom.removal', 'on', true); -- 0014_by_hand
    FOR pending IN
        WITH taken AS (
            DELETE FROM pressroom.pending_events WHERE xid = pg_current_xact_id()
            RETURNING id, tenant_id, ROW(task_id, type, payload)::pressroom.change AS change
        )
        SELECT tenant_id, array_agg(change ORDER BY id) AS changes FROM taken GROUP BY tenant_id ORDER BY tenant_id
    LOOP
        PERFORM pressroom.append_events(pending.tenant_id, pending.changes);
    END LOOP;
    PERFORM set_config('pressroom.removal', '', true);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER append_at_commit AFTER INSERT ON pressroom.pending_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pressroom.append_pending_events();

-- Defines the statement triggers that turn each row of a statement into an event with that row, {"<name>": <row>}, and
-- their function <name>_changes.
CREATE FUNCTION pressroom.define_row_events(
    relation regclass, name text, event text, ordering text, operations text[] DEFAULT '{insert,update}'
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    operation text;
BEGIN
    EXECUTE format($f$
        CREATE OR REPLACE FUNCTION pressroom.%1$I() RETURNS trigger LANGUAGE plpgsql AS $b$
        DECLARE c record;
        BEGIN
            FOR c IN
                SELECT tenant_id, array_agg(ROW(task_id, %2$L, '"%3$s":' || pressroom.%4$I(r))::pressroom.row_change
                                            ORDER BY %5$s) AS changes
                  FROM changed r GROUP BY tenant_id ORDER BY tenant_id
            LOOP PERFORM pressroom.record_rows(c.tenant_id, c.changes); END LOOP;
            RETURN NULL;
        END $b$ $f$, name || '_changes', event, name, name || '_text', ordering);
    FOREACH operation IN ARRAY operations LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING NEW TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION pressroom.%I()',
                       'events_on_' || operation, operation, relation, name || '_changes');
    END LOOP;
END $$;

SELECT pressroom.define_row_events('pressroom.tasks', 'task', 'task_updated', 'task_id'),
       pressroom.define_row_events('pressroom.phases', 'phase', 'phase_changed', 'task_id, ordinal'),
       pressroom.define_row_events('pressroom.steps', 'step', 'step_updated', 'task_id, sequence, id', '{update}'),
       pressroom.define_row_events('pressroom.outputs', 'output', 'output_updated', 'task_id, id'),
       pressroom.define_row_events('pressroom.output_versions', 'output_version', 'output_version_added', 'task_id, id', '{insert}'),
       pressroom.define_row_events('pressroom.evaluations', 'evaluation', 'evaluation_updated', 'task_id, id'),
       pressroom.define_row_events('pressroom.rankings', 'ranking', 'ranking_updated', 'task_id, id'),
       pressroom.define_row_events('pressroom.human_tasks', 'human_task', 'human_task_updated', 'task_id, id'),
       pressroom.define_row_events('pressroom.logs', 'log', 'log_appended', 'task_id, id', '{insert}');

-- New steps come in sets: one queue_built for all the steps that a statement adds to a phase.
CREATE FUNCTION pressroom.step_insertions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'queue_built', '"phase_id":"' || phase_id || '","steps":[' || steps || ']')
                   ::pressroom.row_change ORDER BY task_id, phase_id) AS changes
          FROM (SELECT tenant_id, task_id, phase_id, string_agg(pressroom.step_text(r), ',' ORDER BY sequence, id) AS steps
                  FROM changed r GROUP BY tenant_id, task_id, phase_id) queue
         GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_rows(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER events_on_insert AFTER INSERT ON pressroom.steps REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION pressroom.step_insertions();
