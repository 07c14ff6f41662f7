-- The event log. docs/events.md tells the whole story; in short:
--   * Statement triggers turn every change of a state row into an event, whoever makes it.
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
) WITH (fillfactor = 10); -- one hot row a tenant, updated in place

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
CREATE INDEX events_age ON pressroom.events (tenant_id, created_at);

CREATE TABLE pressroom.pending_events (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    tenant_id text NOT NULL,
    task_id   uuid NOT NULL,
    type      text NOT NULL,
    payload   json NOT NULL
);
CREATE INDEX pending_events_xid ON pressroom.pending_events (xid, tenant_id, id);

CREATE TYPE pressroom.change AS (task_id uuid, type text, payload json);

-- Appends events to a tenant's log at once, in the order given. Answers the position of the last.
CREATE FUNCTION pressroom.append_events(tenant text, changes pressroom.change[]) RETURNS bigint
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

-- Appends now or leaves the changes for the commit, as the transaction asked.
CREATE FUNCTION pressroom.record_changes(tenant text, changes pressroom.change[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('pressroom.events', true) = 'immediate' THEN
        PERFORM pressroom.append_events(tenant, changes);
    ELSE
        INSERT INTO pressroom.pending_events (tenant_id, task_id, type, payload)
        SELECT tenant, c.task_id, c.type, c.payload
          FROM unnest(changes) WITH ORDINALITY AS c (task_id, type, payload, ordinal) ORDER BY c.ordinal;
    END IF;
END $$;

-- Runs at commit, once for each pending row; the first run takes them all, tenants in the order of their ids (so that
-- two such transactions cannot deadlock), and the others find nothing.
CREATE FUNCTION pressroom.append_pending_events() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    pending record;
BEGIN
    FOR pending IN
        WITH taken AS (
            DELETE FROM pressroom.pending_events WHERE xid = pg_current_xact_id()
            RETURNING id, tenant_id, ROW(task_id, type, payload)::pressroom.change AS change
        )
        SELECT tenant_id, array_agg(change ORDER BY id) AS changes FROM taken GROUP BY tenant_id ORDER BY tenant_id
    LOOP
        PERFORM pressroom.append_events(pending.tenant_id, pending.changes);
    END LOOP;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER append_at_commit AFTER INSERT ON pressroom.pending_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pressroom.append_pending_events();

-- One function a table says what its changes look like; the statement triggers below call it for inserts and updates.

CREATE FUNCTION pressroom.task_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'task_updated',
                   json_build_object('task', pressroom.task_json(r)))::pressroom.change ORDER BY task_id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION pressroom.phase_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'phase_changed',
                   json_build_object('phase', pressroom.phase_json(r)))::pressroom.change ORDER BY task_id, ordinal) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

-- Steps come in sets: one queue_built for all the steps that a statement adds to a phase.
CREATE FUNCTION pressroom.step_insertions() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION pressroom.step_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'step_updated',
                   json_build_object('step', pressroom.step_json(r)))::pressroom.change ORDER BY task_id, sequence, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION pressroom.output_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'output_updated',
                   json_build_object('output', pressroom.output_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION pressroom.output_version_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'output_version_added',
                   json_build_object('output_version', pressroom.output_version_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION pressroom.evaluation_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'evaluation_updated',
                   json_build_object('evaluation', pressroom.evaluation_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION pressroom.ranking_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'ranking_updated',
                   json_build_object('ranking', pressroom.ranking_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

DO $$
DECLARE
    state record;
BEGIN
    FOR state IN SELECT * FROM (VALUES
        ('tasks', 'task_changes', 'task_changes'),
        ('phases', 'phase_changes', 'phase_changes'),
        ('steps', 'step_insertions', 'step_changes'),
        ('outputs', 'output_changes', 'output_changes'),
        ('output_versions', 'output_version_changes', 'output_version_changes'),
        ('evaluations', 'evaluation_changes', 'evaluation_changes'),
        ('rankings', 'ranking_changes', 'ranking_changes')) AS s (relation, on_insert, on_update)
    LOOP
        EXECUTE format('CREATE TRIGGER events_on_insert AFTER INSERT ON pressroom.%I REFERENCING NEW TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION pressroom.%I()', state.relation, state.on_insert);
        EXECUTE format('CREATE TRIGGER events_on_update AFTER UPDATE ON pressroom.%I REFERENCING NEW TABLE AS changed
                        FOR EACH STATEMENT EXECUTE FUNCTION pressroom.%I()', state.relation, state.on_update);
    END LOOP;
END $$;

CREATE FUNCTION pressroom.add_stream_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.stream_heads (tenant_id) VALUES (NEW.tenant_id);
    RETURN NULL;
END $$;
CREATE TRIGGER stream_head AFTER INSERT ON pressroom.tenants FOR EACH ROW EXECUTE FUNCTION pressroom.add_stream_head();

-- Removes what is older than the retention and remembers how far, so that older cursors get a reset instead of a gap.
CREATE FUNCTION pressroom.prune_events(tenant text, older_than timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    edge bigint;
    removed bigint;
BEGIN
    SELECT max(position) INTO edge FROM pressroom.events WHERE tenant_id = tenant AND created_at < older_than;
    IF edge IS NULL THEN RETURN 0; END IF;
    UPDATE pressroom.stream_heads SET pruned = greatest(pruned, edge) WHERE tenant_id = tenant;
    DELETE FROM pressroom.events WHERE tenant_id = tenant AND position <= edge;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
