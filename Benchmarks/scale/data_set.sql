-- Fills the tables with copies of tasks that a service has run: their rows and events as it wrote them, with ids, times,
-- tenants, people, conversations and workflows of their own. For scripts/bench scale and for the tests; the procedures
-- stand in a schema of their own, which nothing else uses.
--
--   CALL scale.learn();                          the tasks that there are become what is copied, and are removed
--   CALL scale.grow('default', 500000);          so many copies for a tenant, in chunks of a transaction each
--   CALL scale.queue('default', 256);            tasks with one due step each, to be claimed
--
-- Triggers and foreign keys are off meanwhile (session_replication_role), which takes a superuser.

CREATE SCHEMA scale;

CREATE TABLE scale.templates (
    template    integer PRIMARY KEY,
    tenant_id   text NOT NULL,
    task_id     uuid NOT NULL,
    status      text NOT NULL,
    workflow_id uuid NOT NULL
);

-- A row or an event of a template: the text of its JSON, a pattern for format().
CREATE TABLE scale.pieces (
    template integer NOT NULL,
    relation text NOT NULL,
    ordinal  bigint NOT NULL, -- of events: their order
    type     text,
    actor    text,
    pattern  text NOT NULL,
    PRIMARY KEY (relation, template, ordinal)
);

-- What differs from copy to copy. The numbers are those of format()'s arguments.
CREATE FUNCTION scale.pattern(body text, template scale.templates, own_ids uuid[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    id uuid;
    number integer := 0;
BEGIN
    body := replace(body, '%', '%%');
    FOREACH id IN ARRAY own_ids LOOP
        number := number + 1;
        body := replace(body, id::text, '%1$s-' || lpad(number::text, 12, '0'));
    END LOOP;
    body := regexp_replace(body, '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d', '%2$s', 'g');
    body := regexp_replace(body, '("tenant_id"\s*:\s*)"[^"]*"', '\1"%3$s"', 'g');
    body := regexp_replace(body, '("user_id"\s*:\s*)"[^"]*"', '\1"%4$s"', 'g');
    body := regexp_replace(body, '("conversation_id"\s*:\s*)(null|"[^"]*")', '\1"%5$s"', 'g');
    body := regexp_replace(body, '("workflow_name"\s*:\s*)"[^"]*"', '\1"%6$s"', 'g');
    body := regexp_replace(body, '("workflow_id"\s*:\s*)"[^"]*"', '\1"%7$s"', 'g');
    body := regexp_replace(body, '("workspace_id"\s*:\s*)null', '\1%8$s', 'g');
    body := regexp_replace(body, '("parent_task_id"\s*:\s*)null', '\1%9$s', 'g');
    RETURN regexp_replace(body, '("topic"\s*:\s*)"[^"]*"', '\1"%10$s"', 'g');
END $$;

-- The tables that hold rows of tasks, without the log and what is there for a moment only. Bodies of calls are found by
-- their calls.
CREATE VIEW scale.relations AS
SELECT c.relname::text AS relation,
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
       CASE c.relname WHEN 'call_bodies'
            THEN 'call_id IN (SELECT id FROM pressroom.calls WHERE tenant_id = $1.tenant_id AND task_id = $1.task_id)'
            ELSE 'task_id = $1.task_id' END AS of_task
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'pressroom' AND c.relkind = 'r'
   AND c.relname NOT IN ('events', 'pending_events', 'live_texts', 'wakeups', 'wake_requests')
   AND (c.relname IN ('tasks', 'call_bodies')
        OR 3 = (SELECT count(*) FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attname IN ('tenant_id', 'id', 'task_id') AND NOT a.attisdropped));

CREATE PROCEDURE scale.learn() LANGUAGE plpgsql AS $$
DECLARE
    template scale.templates;
    relation text;
    of_task text;
    found uuid[];
    own_ids uuid[];
BEGIN
    INSERT INTO scale.templates
    SELECT row_number() OVER (ORDER BY task_id), tenant_id, task_id, status, workflow_id FROM pressroom.tasks
     WHERE status IN ('completed', 'failed', 'cancelled');
    FOR template IN SELECT * FROM scale.templates LOOP
        own_ids := ARRAY[template.task_id];
        FOR relation IN SELECT r.relation FROM scale.relations r WHERE r.relation NOT IN ('tasks', 'call_bodies') LOOP
            EXECUTE format('SELECT coalesce(array_agg(id ORDER BY id), ''{}'') FROM pressroom.%I
                             WHERE tenant_id = $1 AND task_id = $2', relation)
               INTO found USING template.tenant_id, template.task_id;
            own_ids := own_ids || found;
        END LOOP;
        FOR relation, of_task IN SELECT r.relation, r.of_task FROM scale.relations r LOOP
            EXECUTE format('INSERT INTO scale.pieces (template, relation, ordinal, pattern)
                            SELECT $1.template, %L, row_number() OVER (), scale.pattern(to_json(r)::text, $1, $2)
                              FROM pressroom.%I r WHERE tenant_id = $1.tenant_id AND %s',
                           relation, relation, of_task)
              USING template, own_ids;
        END LOOP;
        INSERT INTO scale.pieces (template, relation, ordinal, type, actor, pattern)
        SELECT template.template, 'events', row_number() OVER (ORDER BY e.position), e.type, e.actor,
               scale.pattern(e.payload::text, template, own_ids)
          FROM pressroom.events e WHERE e.tenant_id = template.tenant_id AND e.task_id = template.task_id;
    END LOOP;
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR relation IN SELECT r.relation FROM scale.relations r LOOP
        EXECUTE format('DELETE FROM pressroom.%I', relation);
    END LOOP;
    DELETE FROM pressroom.wakeups;
    DELETE FROM pressroom.wake_requests;
    DELETE FROM pressroom.events;
    DELETE FROM pressroom.status_changes;
    DELETE FROM pressroom.usage_hours;
    UPDATE pressroom.stream_heads SET position = 0, pruned = 0;
    PERFORM set_config('session_replication_role', 'origin', true);
    ANALYZE scale.templates, scale.pieces;
END $$;

-- What the ids of a copy begin with: a UUIDv7's time, then its number.
CREATE FUNCTION scale.id(k integer, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT substr(stamp, 1, 8) || '-' || substr(stamp, 9) || '-7' || lpad(to_hex(k & 4095), 3, '0')
           || '-8' || lpad(to_hex(k >> 12 & 4095), 3, '0')
      FROM lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS stamp
$$;

-- What copy number k of a tenant is made of. A task in 50 failed, another was cancelled; one in 20 has nine children. From
-- number 10,000,000 on they are for the queue, and all of them completed.
CREATE FUNCTION scale.copies(tenant text, first integer, last integer, began timestamptz, spacing interval)
RETURNS TABLE (k integer, template integer, at timestamptz, task_id uuid, id text, second text, person text,
               conversation text, workflow text, workflow_id text, workspace text, parent text, topic text)
LANGUAGE sql STABLE AS $$
    WITH choice AS (
        SELECT array_agg(t.template ORDER BY t.template) FILTER (WHERE t.status = 'completed') AS completed,
               min(t.template) FILTER (WHERE t.status = 'failed') AS failed,
               min(t.template) FILTER (WHERE t.status = 'cancelled') AS cancelled
          FROM scale.templates t
    ), numbered AS (
        SELECT n.k, began + n.k * spacing AS at, began + (n.k - n.k % 20) * spacing AS parent_at
          FROM generate_series(first, last) AS n (k)
    )
    SELECT n.k,
           coalesce(CASE CASE WHEN n.k < 10000000 THEN n.k % 50 END WHEN 7 THEN choice.failed WHEN 13 THEN choice.cancelled END,
                    choice.completed[1 + n.k % cardinality(choice.completed)]),
           n.at, (scale.id(n.k, n.at) || '-000000000001')::uuid, scale.id(n.k, n.at),
           to_char(n.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'),
           'person-' || n.k % 10, 'talk-' || n.k / 10, 'scale-' || n.k % 5, md5(tenant || n.k % 5)::uuid::text,
           CASE WHEN n.k % 3 = 0 THEN '"' || md5('workspace' || n.k % 5)::uuid || '"' ELSE 'null' END,
           CASE WHEN n.k % 20 BETWEEN 1 AND 9
                THEN '"' || scale.id(n.k - n.k % 20, n.parent_at) || '-000000000001"' ELSE 'null' END,
           'number ' || n.k
      FROM numbered n, choice
$$;

-- Inserts the rows of copies. The events of twenty tasks that run side by side mix, as they do in a log.
CREATE PROCEDURE scale.insert_copies(tenant text, first integer, last integer, began timestamptz, spacing interval)
LANGUAGE plpgsql AS $$
DECLARE
    relation record;
    head bigint;
BEGIN
    SET LOCAL client_min_messages = warning;
    DROP TABLE IF EXISTS pg_temp.copies;
    CREATE TEMPORARY TABLE copies AS SELECT * FROM scale.copies(tenant, first, last, began, spacing);
    FOR relation IN SELECT * FROM scale.relations LOOP
        EXECUTE format('INSERT INTO pressroom.%1$I (%2$s) SELECT %2$s FROM (SELECT c.k, p.ordinal AS nth, r.* FROM copies c
                          JOIN scale.pieces p ON p.relation = %1$L AND p.template = c.template
                         CROSS JOIN LATERAL json_populate_record(NULL::pressroom.%1$I, format(p.pattern, c.id, c.second, $1,
                               c.person, c.conversation, c.workflow, c.workflow_id, c.workspace, c.parent, c.topic)::json) r) own
                         ORDER BY own.k, own.nth', relation.relation, relation.columns) USING tenant;
    END LOOP;
    SELECT position INTO head FROM pressroom.stream_heads WHERE tenant_id = tenant;
    INSERT INTO pressroom.events (tenant_id, position, task_id, conversation_id, type, payload, actor, created_at)
    SELECT tenant, head + row_number() OVER (ORDER BY c.k / 20, p.ordinal, c.k), c.task_id, c.conversation, p.type,
           format(p.pattern, c.id, c.second, tenant, c.person, c.conversation, c.workflow, c.workflow_id, c.workspace,
                  c.parent, c.topic)::json,
           p.actor, began + (c.k / 20 * 20 + 19) * spacing + p.ordinal * interval '1 microsecond'
      FROM copies c JOIN scale.pieces p ON p.relation = 'events' AND p.template = c.template
     ORDER BY c.k / 20, p.ordinal, c.k;
    UPDATE pressroom.stream_heads
       SET position = coalesce((SELECT max(position) FROM pressroom.events WHERE tenant_id = tenant), 0)
     WHERE tenant_id = tenant;
END $$;

-- Adds so many tasks, evenly between two times, the first of which lies behind what the tenant has. Not in a transaction.
CREATE PROCEDURE scale.grow(
    tenant text, tasks integer, began timestamptz DEFAULT now() - interval '20 days', ended timestamptz DEFAULT now(),
    chunk integer DEFAULT 5000
) LANGUAGE plpgsql AS $$
DECLARE
    spacing interval := (ended - began) / (tasks + 40);
    first integer;
BEGIN
    INSERT INTO pressroom.tenants (tenant_id) VALUES (tenant) ON CONFLICT DO NOTHING;
    INSERT INTO pressroom.workflows (tenant_id, id, name, version, version_sort, description, definition)
    SELECT tenant, md5(tenant || n)::uuid, 'scale-' || n, w.version, w.version_sort, w.description,
           jsonb_set(w.definition::jsonb, '{name}', to_jsonb('scale-' || n))
      FROM generate_series(0, 4) n,
           (SELECT w.* FROM pressroom.workflows w
              JOIN scale.templates t ON t.tenant_id = w.tenant_id AND t.workflow_id = w.id AND t.status = 'completed'
             LIMIT 1) w
    ON CONFLICT DO NOTHING;
    PERFORM set_config('session_replication_role', 'replica', false);
    FOR first IN SELECT generate_series(0, tasks - 1, chunk) LOOP
        CALL scale.insert_copies(tenant, first, least(first + chunk, tasks) - 1, began, spacing);
        COMMIT;
    END LOOP;
    CALL scale.add_people(tenant, tasks / 10, began, spacing * 10);
    PERFORM set_config('session_replication_role', 'origin', false);
    PERFORM pressroom.roll_up_usage(tenant, began);
END $$;

-- Adds so many workspaces with a member each, API keys, schedules, repeated requests and lines of the audit.
CREATE PROCEDURE scale.add_people(tenant text, number integer, began timestamptz, spacing interval) LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL client_min_messages = warning;
    DROP TABLE IF EXISTS pg_temp.people;
    CREATE TEMPORARY TABLE people AS
    SELECT k, began + k * spacing AS at, (scale.id(k, began + k * spacing) || '-000000000001')::uuid AS id, 'person-' || k % 10 AS person
      FROM generate_series(0, number - 1) AS k;
    INSERT INTO pressroom.workspaces (tenant_id, id, name, created_by, created_at)
    SELECT tenant, id, 'workspace ' || id, person, at FROM people;
    INSERT INTO pressroom.workspace_members (tenant_id, workspace_id, user_id, access, created_at)
    SELECT tenant, id, person, 'write', at FROM people;
    INSERT INTO pressroom.api_keys (tenant_id, id, name, key_id, secret_hash, user_id, scopes, created_by, created_at, revoked_at)
    SELECT tenant, id, 'key ' || k, substr(md5(tenant || id), 1, 16), sha256(id::text::bytea), person, '{read}', person, at,
           CASE WHEN k % 2 = 0 THEN at END FROM people;
    INSERT INTO pressroom.schedules (tenant_id, id, workflow_name, cron, context, enabled, next_run_at, created_by, created_at)
    SELECT tenant, id, CASE k % 100 WHEN 0 THEN 'scale-4' ELSE 'scale-0' END, '@daily', '{}', k % 100 < 2,
           CASE WHEN k % 100 < 2 THEN 'infinity'::timestamptz END, person, at FROM people;
    INSERT INTO pressroom.idempotency_keys (tenant_id, user_id, key, request, status, response, created_at, task_id)
    SELECT tenant, person, 'key ' || id, 'POST /api/v1/tasks', 202, '{}', at, id FROM people;
    INSERT INTO pressroom.audit (tenant_id, id, at, actor, action, entity, entity_id)
    SELECT tenant, id, at, 'user:' || person, 'created', 'workspace', id FROM people;
END $$;

-- Adds so many tasks in the midst of their first phase, whose one step is due.
CREATE PROCEDURE scale.queue(tenant text, tasks integer, at timestamptz DEFAULT now() - interval '1 minute')
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    CALL scale.insert_copies(tenant, 10000000, 10000000 + tasks - 1, at - interval '1000 seconds',
                             interval '100 microseconds');
    UPDATE pressroom.tasks t SET status = 'running', result = NULL, completed_at = NULL, progress = 0
      FROM copies c WHERE t.tenant_id = tenant AND t.task_id = c.task_id;
    UPDATE pressroom.phases p
       SET status = CASE ordinal WHEN 0 THEN 'running' ELSE 'pending' END, output = NULL, completed_at = NULL
      FROM copies c WHERE p.tenant_id = tenant AND p.task_id = c.task_id;
    DELETE FROM pressroom.steps s USING copies c, pressroom.phases p
     WHERE s.tenant_id = tenant AND s.task_id = c.task_id AND p.tenant_id = tenant AND p.id = s.phase_id AND p.ordinal > 0;
    DELETE FROM pressroom.outputs o USING copies c
     WHERE o.tenant_id = tenant AND o.task_id = c.task_id
       AND NOT EXISTS (SELECT FROM pressroom.steps s WHERE s.tenant_id = tenant AND s.output_id = o.id);
    DELETE FROM pressroom.output_versions v USING copies c WHERE v.tenant_id = tenant AND v.task_id = c.task_id;
    DELETE FROM pressroom.call_bodies b USING copies c, pressroom.calls d
     WHERE d.tenant_id = tenant AND d.task_id = c.task_id AND b.tenant_id = tenant AND b.call_id = d.id;
    DELETE FROM pressroom.calls d USING copies c WHERE d.tenant_id = tenant AND d.task_id = c.task_id;
    DELETE FROM pressroom.attempts a USING copies c WHERE a.tenant_id = tenant AND a.task_id = c.task_id;
    UPDATE pressroom.steps s SET status = 'pending', attempt = 0, processor_id = NULL, output = NULL, run_at = now(),
           started_at = NULL, completed_at = NULL
      FROM copies c WHERE s.tenant_id = tenant AND s.task_id = c.task_id;
    UPDATE pressroom.outputs o SET status = 'pending_write', content = NULL, version_number = 0
      FROM copies c WHERE o.tenant_id = tenant AND o.task_id = c.task_id;
    PERFORM set_config('session_replication_role', 'origin', true);
END $$;
