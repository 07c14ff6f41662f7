-- The glass box: every run of every step, every request that left the service, and every transition of a status
-- (docs/decisions/0035-the-glass-box.md). Rows are added once and never changed, so they cost an insert and no more.
--
-- Rows of one task have no foreign keys: they are added under the lock of their task, and removed with it by delete_task
-- (0014_by_hand). The invariant `attempts_and_calls_fit` looks for orphans.

-- One row for each run of a step, written as it ends: by the transaction that takes in its result, by who pauses or cancels
-- it, or, as `lost`, by the node that takes the step over.
CREATE TABLE pressroom.attempts (
    tenant_id    text NOT NULL,
    id           uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id      uuid NOT NULL,
    phase_id     uuid NOT NULL,
    step_id      uuid NOT NULL,
    attempt      integer NOT NULL CHECK (attempt > 0),
    status       text NOT NULL CHECK (status IN ('completed', 'failed', 'lost', 'cancelled')),
    processor_id uuid,
    error        json,
    started_at   timestamptz,
    ended_at     timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, task_id, step_id, attempt)
);

-- One row for each request: to a model, a fallback included, or of an `http` phase. Those of a node that was killed have no
-- row; they belong to the lost attempt.
CREATE TABLE pressroom.calls (
    tenant_id      text NOT NULL,
    id             uuid NOT NULL,
    task_id        uuid NOT NULL,
    phase_id       uuid NOT NULL,
    step_id        uuid NOT NULL,
    attempt        integer NOT NULL CHECK (attempt > 0),
    sequence       integer NOT NULL CHECK (sequence > 0), -- within the attempt
    kind           text NOT NULL CHECK (kind IN ('chat', 'http')),
    agent          text,
    provider       text, -- of an http call its host
    model_asked    text,
    model_answered text,
    status         text NOT NULL CHECK (status IN ('completed', 'failed', 'cancelled')),
    finish_reason  text,
    usage          json NOT NULL,
    error          json,
    trace_id       text,
    span_id        text,
    sent_at        timestamptz NOT NULL, -- these three by the node's clock
    first_token_at timestamptz,
    ended_at       timestamptz NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, task_id, step_id, attempt, sequence)
);
-- What was used lately.
CREATE INDEX calls_ended ON pressroom.calls (tenant_id, ended_at) WHERE kind = 'chat';

-- What was sent and what came back (docs/calls.md); under calls.capture = metadata only how long they were. No events.
CREATE TABLE pressroom.call_bodies (
    tenant_id      text NOT NULL,
    call_id        uuid NOT NULL,
    request        text,
    response       text,
    request_bytes  bigint NOT NULL CHECK (request_bytes >= 0), -- as sent and received
    response_bytes bigint NOT NULL CHECK (response_bytes >= 0),
    request_cut    boolean NOT NULL DEFAULT false, -- longer than calls.max_body_bytes
    response_cut   boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, call_id)
);
-- Where PostgreSQL was built with it: it compresses about as well as its own method, in a fifth of the time.
DO $$
BEGIN
    ALTER TABLE pressroom.call_bodies ALTER COLUMN request SET COMPRESSION lz4;
    ALTER TABLE pressroom.call_bodies ALTER COLUMN response SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;

-- The transitions whose events are past retention, kept as long as their task. The younger ones are in the log.
CREATE TABLE pressroom.status_changes (
    tenant_id text NOT NULL,
    task_id   uuid NOT NULL,
    entity_id uuid NOT NULL,
    position  bigint NOT NULL,
    ordinal   bigint NOT NULL, -- within the event, which may add several steps
    entity    text NOT NULL,
    "from"    text, -- null of a new row
    "to"      text NOT NULL,
    at        timestamptz NOT NULL,
    actor     text NOT NULL,
    PRIMARY KEY (tenant_id, task_id, entity_id, position)
);

-- Attempts --------------------------------------------------------------------------------------------------------

-- The service adds the rows of its transactions in sets (Sources/Store/Tasks/Attempts.swift). Of every other client's change
-- that ends a run, this trigger does.
CREATE FUNCTION pressroom.record_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.attempts
           (tenant_id, task_id, phase_id, step_id, attempt, status, processor_id, error, started_at, ended_at)
    VALUES (OLD.tenant_id, OLD.task_id, OLD.phase_id, OLD.id, OLD.attempt,
            CASE WHEN NEW.status = 'running' THEN 'lost' WHEN NEW.status IN ('completed', 'waiting') THEN 'completed'
                 WHEN NEW.status IN ('failed', 'retrying') THEN 'failed' ELSE 'cancelled' END,
            OLD.processor_id, CASE WHEN NEW.status IN ('failed', 'retrying') THEN NEW.error END,
            OLD.started_at, greatest(now(), OLD.started_at))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER record_attempt AFTER UPDATE ON pressroom.steps FOR EACH ROW
    WHEN (OLD.status = 'running' AND (NEW.status <> 'running' OR NEW.attempt <> OLD.attempt) AND OLD.attempt > 0
          AND current_setting('pressroom.events', true) IS DISTINCT FROM 'immediate')
    EXECUTE FUNCTION pressroom.record_attempt();

CREATE TRIGGER guard_attempt BEFORE UPDATE ON pressroom.steps FOR EACH ROW WHEN (NEW.attempt < OLD.attempt)
    EXECUTE FUNCTION pressroom.refuse('the attempts of a step are only counted up');

-- History ---------------------------------------------------------------------------------------------------------

-- The statuses of rows that an event tells, in order.
CREATE FUNCTION pressroom.told_statuses(type text, payload json)
RETURNS TABLE (ordinal bigint, entity text, entity_id uuid, status text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 0::bigint, kind.entity,
           coalesce(payload -> kind.entity ->> 'id', payload -> kind.entity ->> 'task_id')::uuid,
           payload -> kind.entity ->> 'status'
      FROM (VALUES ('task_updated', 'task'), ('phase_changed', 'phase'), ('step_updated', 'step'), ('output_updated', 'output'),
                   ('evaluation_updated', 'evaluation'), ('human_task_updated', 'human_task')) AS kind (type, entity)
     WHERE kind.type = told_statuses.type
     UNION ALL
    SELECT step.ordinal, 'step', (step.value ->> 'id')::uuid, step.value ->> 'status'
      FROM json_array_elements(CASE type WHEN 'queue_built' THEN payload -> 'steps' END) WITH ORDINALITY AS step (value, ordinal)
$$;

-- The status of a row at the end of what is kept of it; null where nothing is.
CREATE FUNCTION pressroom.kept_status(tenant text, task uuid, row_id uuid) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT k."to" FROM pressroom.status_changes k
     WHERE k.tenant_id = tenant AND k.task_id = task AND k.entity_id = row_id ORDER BY k.position DESC LIMIT 1
$$;

-- Every transition of a task's rows: what is kept, and what the log tells since.
CREATE FUNCTION pressroom.task_history(tenant text, task uuid) RETURNS SETOF pressroom.status_changes
LANGUAGE sql STABLE AS $$
    SELECT * FROM pressroom.status_changes WHERE tenant_id = tenant AND task_id = task
     UNION ALL
    SELECT tenant, task, c.entity_id, c.position, c.ordinal, c.entity, c.previous, c.status, c.created_at, c.actor
      FROM (SELECT told.*, coalesce(told.before, pressroom.kept_status(tenant, task, told.entity_id)) AS previous
              FROM (SELECT e.position, e.created_at, e.actor, s.*,
                           lag(s.status) OVER (PARTITION BY s.entity_id ORDER BY e.position, s.ordinal) AS before
                      FROM pressroom.events e CROSS JOIN LATERAL pressroom.told_statuses(e.type, e.payload) AS s
                     WHERE e.tenant_id = tenant AND e.task_id = task) AS told) AS c
     WHERE c.status IS DISTINCT FROM c.previous
$$;

-- Usage -----------------------------------------------------------------------------------------------------------

-- Tasks that ended and calls that were made, summed by the hour of their end. A task counts in a row without agent and model.
CREATE TABLE pressroom.usage_hours (
    tenant_id         text NOT NULL,
    hour              timestamptz NOT NULL,
    workflow_name     text NOT NULL,
    workflow_version  text NOT NULL,
    agent             text NOT NULL DEFAULT '',
    model             text NOT NULL DEFAULT '',
    tasks             bigint NOT NULL DEFAULT 0,
    completed         bigint NOT NULL DEFAULT 0,
    failed            bigint NOT NULL DEFAULT 0,
    steps             bigint NOT NULL DEFAULT 0, -- that completed, in the rows of their tasks
    calls             bigint NOT NULL DEFAULT 0,
    prompt_tokens     numeric NOT NULL DEFAULT 0,
    completion_tokens numeric NOT NULL DEFAULT 0,
    cost              double precision, -- null where no call has a price
    incomplete        boolean NOT NULL DEFAULT false, -- some calls have no price
    -- How many tasks, or calls, took less than 2^(i-4) seconds and at least half of that; the first and the last have all below
    -- and above. So percentiles can be made of sums.
    durations         bigint[] NOT NULL,
    updated_at        timestamptz NOT NULL DEFAULT now(), -- when the hour was summed last
    PRIMARY KEY (tenant_id, hour, workflow_name, workflow_version, agent, model)
);

-- Where a duration counts in usage_hours.durations, from 1 to 24.
CREATE FUNCTION pressroom.duration_bucket(took interval) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT least(24, greatest(1, floor(log(2, greatest(extract(epoch FROM took), 0.001))) + 5))::integer
$$;

-- Sums of histograms, place by place.
CREATE FUNCTION pressroom.add_histograms(one bigint[], other bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(a.count + b.count ORDER BY a.place)
      FROM unnest(one) WITH ORDINALITY AS a (count, place) JOIN unnest(other) WITH ORDINALITY AS b (count, place) USING (place)
$$;
CREATE AGGREGATE pressroom.sum_histograms(bigint[]) (SFUNC = pressroom.add_histograms, STYPE = bigint[],
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}');

-- What ended between two times, in the form of usage_hours. Under a policy the indexes are used only if the times are
-- parameters or constants: neither columns nor coalesce().
CREATE FUNCTION pressroom.usage_between(tenant text, first timestamptz, past timestamptz) RETURNS SETOF pressroom.usage_hours
LANGUAGE sql STABLE AS $$
    WITH made AS (
        SELECT date_trunc('hour', t.ended_at, 'UTC') AS hour, t.workflow_name, t.workflow_version, '' AS agent, '' AS model, 1 AS tasks,
               (t.status = 'completed')::integer AS completed, (t.status = 'failed')::integer AS failed,
               (SELECT count(*) FROM pressroom.steps s
                 WHERE s.tenant_id = tenant AND s.task_id = t.task_id AND s.status = 'completed') AS steps,
               0 AS calls, 0::numeric AS prompt, 0::numeric AS completion, NULL::float8 AS cost, false AS incomplete,
               t.ended_at - coalesce(t.started_at, t.created_at) AS took
          FROM pressroom.tasks t WHERE t.tenant_id = tenant AND t.ended_at >= first AND t.ended_at < past
         UNION ALL
        SELECT date_trunc('hour', c.ended_at, 'UTC'), t.workflow_name, t.workflow_version, coalesce(c.agent, ''), coalesce(c.model_asked, ''), 0,
               0, 0, 0, 1, coalesce((c.usage ->> 'prompt_tokens')::numeric, 0), coalesce((c.usage ->> 'completion_tokens')::numeric, 0),
               (c.usage ->> 'cost')::float8, c.status = 'completed' AND c.usage ->> 'cost' IS NULL, c.ended_at - c.sent_at
          FROM pressroom.calls c JOIN pressroom.tasks t ON t.tenant_id = c.tenant_id AND t.task_id = c.task_id
         WHERE c.tenant_id = tenant AND c.kind = 'chat' AND c.ended_at >= first AND c.ended_at < past
    )
    SELECT tenant, hour, workflow_name, workflow_version, agent, model, sum(tasks)::bigint, sum(completed)::bigint, sum(failed)::bigint,
           sum(steps)::bigint, sum(calls)::bigint, sum(prompt), sum(completion), sum(cost), bool_or(incomplete),
           (SELECT array_agg(coalesce(b.count, 0) ORDER BY place)
              FROM generate_series(1, 24) AS place LEFT JOIN LATERAL (
                   SELECT count(*) FROM unnest(array_agg(pressroom.duration_bucket(made.took))) AS taken (bucket)
                    WHERE taken.bucket = place) AS b (count) ON true), now()
      FROM made GROUP BY hour, workflow_name, workflow_version, agent, model
$$;

-- Sums the closed hours from `first` on again: what is recorded late is in them, and what was deleted meanwhile is not.
CREATE FUNCTION pressroom.roll_up_usage(tenant text, first timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Nodes take turns.
    PERFORM pg_advisory_xact_lock(hashtextextended('pressroom usage ' || tenant, 0));
    DELETE FROM pressroom.usage_hours
     WHERE tenant_id = tenant AND hour >= date_trunc('hour', first, 'UTC') AND hour < date_trunc('hour', now(), 'UTC');
    INSERT INTO pressroom.usage_hours
    SELECT * FROM pressroom.usage_between(tenant, date_trunc('hour', first, 'UTC'), date_trunc('hour', now(), 'UTC'));
END $$;

-- Rows, events and guards -----------------------------------------------------------------------------------------

SELECT pressroom.define_row_json('pressroom.attempts', 'attempt'),
       pressroom.define_row_json('pressroom.calls', 'call');
SELECT pressroom.define_row_events('pressroom.attempts', 'attempt', 'attempt_recorded', 'task_id, id', '{insert}'),
       pressroom.define_row_events('pressroom.calls', 'call', 'call_recorded', 'task_id, id', '{insert}');

-- History: added to, never changed, and removed with its task; bodies also by retention.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{attempts,calls,call_bodies,status_changes}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER guard BEFORE UPDATE ON pressroom.%I FOR EACH STATEMENT EXECUTE FUNCTION pressroom.refuse(%L)',
                       name, 'rows of ' || name || ' are never changed');
        EXECUTE format('CREATE TRIGGER guard_removal BEFORE DELETE ON pressroom.%I FOR EACH STATEMENT
                        WHEN (current_setting(''pressroom.removal'', true) IS DISTINCT FROM ''on'')
                        EXECUTE FUNCTION pressroom.refuse(%L)',
                       name, 'rows of ' || name || ' are history, and removed with their task only');
        EXECUTE format('CREATE TRIGGER guard_truncation BEFORE TRUNCATE ON pressroom.%I FOR EACH STATEMENT
                        EXECUTE FUNCTION pressroom.refuse(%L)', name, name || ' cannot be truncated: its rows are history');
    END LOOP;
END $$;

-- Removes bodies that are past retention, the oldest first, at most `most` of them. Returns how many. Ids of calls begin with
-- the time at which they were sent (RFC 9562, section 5.7).
CREATE FUNCTION pressroom.remove_call_bodies(tenant text, older_than timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
    mark uuid := (lpad(to_hex((extract(epoch FROM older_than) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;
BEGIN
    PERFORM set_config('pressroom.removal', 'on', true);
    DELETE FROM pressroom.call_bodies
     WHERE tenant_id = tenant
       AND call_id IN (SELECT b.call_id FROM pressroom.call_bodies b
                        WHERE b.tenant_id = tenant AND b.call_id < mark ORDER BY b.call_id LIMIT most);
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('pressroom.removal', '', true);
    RETURN removed;
END $$;

-- Policies (0013_access, 0015_sight) -----------------------------------------------------------------------------

SELECT pressroom.protect(format('pressroom.%I', name)::regclass)
  FROM unnest('{attempts,calls,call_bodies,status_changes,usage_hours}'::text[]) AS name;
GRANT SELECT, INSERT, UPDATE, DELETE ON pressroom.attempts, pressroom.calls, pressroom.call_bodies, pressroom.status_changes,
    pressroom.usage_hours TO pressroom_service, pressroom_worker;
SELECT pressroom.show_with_task(format('pressroom.%I', name)::regclass)
  FROM unnest('{attempts,calls,status_changes}'::text[]) AS name;

-- Bodies are seen with their call, and sums with their workflow.
GRANT SELECT ON pressroom.call_bodies, pressroom.usage_hours TO pressroom_member;
CREATE POLICY member ON pressroom.call_bodies FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true))
           AND (SELECT true FROM pressroom.calls c WHERE c.tenant_id = call_bodies.tenant_id AND c.id = call_bodies.call_id));
CREATE POLICY member ON pressroom.usage_hours FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true))
           AND (SELECT true FROM pressroom.workflows w
                 WHERE w.tenant_id = usage_hours.tenant_id AND w.name = usage_hours.workflow_name
                   AND w.version = usage_hours.workflow_version));

-- As for the other tables (0011_tuning): no plan depends on the contents of a JSON column, or of a body.
ALTER TABLE pressroom.attempts ALTER COLUMN error SET STATISTICS 0;
ALTER TABLE pressroom.calls ALTER COLUMN usage SET STATISTICS 0, ALTER COLUMN error SET STATISTICS 0;
ALTER TABLE pressroom.call_bodies ALTER COLUMN request SET STATISTICS 0, ALTER COLUMN response SET STATISTICS 0;
