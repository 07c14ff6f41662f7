-- What an event costs besides its row: its JSON is put together once, and read once.

-- A changed row on its way to the log: its event's body as the members of an object, '"step":{…}'.
CREATE TYPE pressroom.row_change AS (task_id uuid, type text, members text);

-- Takes a tenant's next positions, and with them its head until the commit. Answers the last. The service's transactions
-- wait for the head as long as it takes: they may limit the wait for rows, and have all of these by then.
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

-- Appends the events of changed rows to a tenant's log, in the order given.
CREATE FUNCTION pressroom.append_rows(tenant text, changes pressroom.row_change[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first bigint := pressroom.take_positions(tenant, cardinality(changes)) - cardinality(changes);
    actor text := pressroom.event_actor();
BEGIN
    -- Each task is looked up by its key, whatever the planner believes of a table that was not analyzed yet.
    INSERT INTO pressroom.events (tenant_id, position, task_id, conversation_id, type, payload, actor, created_at)
    SELECT tenant, first + c.ordinal, c.task_id, t.conversation_id, c.type,
           -- What a phase's event says of its task is read here, under the head's lock, so that it is never stale.
           CASE c.type WHEN 'phase_changed'
               THEN ('{' || c.members || ',"task":{"status":"' || t.status || '","phase":'
                     || coalesce(to_json(t.phase)::text, 'null') || '}}')::json
               ELSE ('{' || c.members || '}')::json END,
           actor, clock_timestamp()
      FROM unnest(changes) WITH ORDINALITY AS c (task_id, type, members, ordinal),
           LATERAL (SELECT tasks.context ->> 'conversation_id' AS conversation_id, tasks.status, tasks.phase
                      FROM pressroom.tasks WHERE tasks.tenant_id = tenant AND tasks.task_id = c.task_id LIMIT 1) AS t;
END $$;

-- Appends events to a tenant's log at once, in the order given. Answers the position of the last.
CREATE OR REPLACE FUNCTION pressroom.append_events(tenant text, changes pressroom.change[]) RETURNS bigint
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

-- Appends now or leaves the changes for the commit, as the transaction asked.
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

CREATE OR REPLACE FUNCTION pressroom.define_row_events(function text, event text, name text, ordering text) RETURNS void
LANGUAGE plpgsql AS $$
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
        SELECT tenant_id, array_agg(ROW(task_id, 'queue_built', '"phase_id":"' || phase_id || '","steps":[' || steps || ']')
                   ::pressroom.row_change ORDER BY task_id, phase_id) AS changes
          FROM (SELECT tenant_id, task_id, phase_id, string_agg(pressroom.step_text(r), ',' ORDER BY sequence, id) AS steps
                  FROM changed r GROUP BY tenant_id, task_id, phase_id) queue
         GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_rows(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

-- No plan depends on what stands in a JSON column, and looking for its most common values is most of ANALYZE's work.
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT attrelid::regclass AS relation, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
              WHERE relnamespace = 'pressroom'::regnamespace AND relkind = 'r' AND atttypid IN ('json'::regtype, 'jsonb'::regtype)
                AND attnum > 0 AND NOT attisdropped
    LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', c.relation, c.attname); END LOOP;
END $$;
