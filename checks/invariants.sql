-- What must be true of the tables at every moment. `pressroom doctor --check` runs this script, and so does psql:
--
--   psql -qAtX -f checks/invariants.sql                                        # prints what is wrong, else nothing
--   PGOPTIONS='-c pressroom.check_tasks=all' psql -qAtX -f checks/invariants.sql
--
-- Every query returns a row only when its invariant is broken: its name, how often, and some samples. All of them read
-- one snapshot and lock or change nothing, so that the script can run while nodes work. Two settings:
--
--   pressroom.check_tasks   how many ended tasks are checked, half of them the newest, half at random: a number
--                           (1000), or `all`. Open tasks are always checked.
--   pressroom.check_grace   how long nodes may take to repair what only they can repair, after a crash for instance (30s)
--
-- To add an invariant, add a query of the same form. Every table that has events of its rows (a trigger `events…` and a
-- function `pressroom.<entity>_json`) is compared with them; a new one needs no change here.

BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL statement_timeout = 0;
SET LOCAL client_min_messages = warning;
SET LOCAL jit = off;

CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT coalesce(nullif(nullif(current_setting('pressroom.check_tasks', true), ''), 'all'), '1000')::bigint AS tasks,
       coalesce(current_setting('pressroom.check_tasks', true) = 'all', false) AS whole,
       coalesce(nullif(current_setting('pressroom.check_grace', true), ''), '30s')::interval AS grace;

-- The tasks that are checked.
CREATE TEMPORARY TABLE looked_at ON COMMIT DROP AS
SELECT tenant_id, task_id FROM pressroom.tasks
 WHERE status NOT IN ('completed', 'failed', 'cancelled') OR (SELECT whole FROM chosen)
UNION
(SELECT tenant_id, task_id FROM pressroom.tasks ORDER BY task_id DESC LIMIT (SELECT (tasks + 1) / 2 FROM chosen))
UNION
(SELECT tenant_id, task_id
   FROM pressroom.tasks TABLESAMPLE SYSTEM ((
        SELECT least(100, 200.0 * tasks / greatest(reltuples, 1)) FROM chosen, pg_class
         WHERE oid = 'pressroom.tasks'::regclass))
  ORDER BY random() LIMIT (SELECT tasks / 2 FROM chosen));
CREATE INDEX ON looked_at (tenant_id, task_id);
ANALYZE looked_at;

-- Those that a processor will look at again: what they show of other rows may be older than these.
CREATE TEMPORARY TABLE rereading ON COMMIT DROP AS
SELECT tenant_id, task_id FROM pressroom.wake_requests UNION SELECT tenant_id, task_id FROM pressroom.wakeups;

-- What the log says of their rows, and the rows as they are.
CREATE TEMPORARY TABLE told ON COMMIT DROP AS
SELECT e.tenant_id, e.position, w.entity, coalesce(w.id, w.task_id) AS id, w.version, w.status, w.attempt, w.processor_id, e.actor
  FROM looked_at JOIN pressroom.events e USING (tenant_id, task_id)
 CROSS JOIN LATERAL (
        SELECT named.entity, r.*
          FROM (SELECT regexp_replace(e.type, '_(updated|changed|added|appended|recorded)$', '')) AS named (entity),
               json_to_record(CASE WHEN e.type NOT IN ('queue_built', 'finalists_selected') THEN e.payload -> named.entity END)
               AS r (id text, task_id text, version bigint, status text, attempt integer, processor_id text)
         UNION ALL
        SELECT 'step', r.*
          FROM json_to_recordset(CASE e.type WHEN 'queue_built' THEN e.payload -> 'steps' END)
               AS r (id text, task_id text, version bigint, status text, attempt integer, processor_id text)) AS w
 WHERE e.type NOT LIKE 'custom%' AND coalesce(w.id, w.task_id) IS NOT NULL;
CREATE INDEX ON told (tenant_id, entity, id, position);
ANALYZE told;

CREATE TEMPORARY TABLE followed (entity text) ON COMMIT DROP;
CREATE TEMPORARY TABLE standing (tenant_id text, entity text, id text, updated_at timestamptz, stands json) ON COMMIT DROP;
DO $$
DECLARE
    state record;
BEGIN
    FOR state IN
        SELECT c.relname, left(p.proname, -5) AS entity,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'id') AS has_id
          FROM pg_proc p JOIN pg_type t ON t.oid = p.proargtypes[0] JOIN pg_class c ON c.oid = t.typrelid
         WHERE p.pronamespace = 'pressroom'::regnamespace AND p.proname LIKE '%\_json' AND p.pronargs = 1
           AND EXISTS (SELECT FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
                        WHERE g.tgrelid = c.oid AND g.tgname LIKE 'events%' AND f.proname = left(p.proname, -5) || '_changes')
    LOOP
        INSERT INTO followed VALUES (state.entity);
        EXECUTE format('INSERT INTO standing SELECT tenant_id, %L, %I, updated_at, pressroom.%I(r)
                          FROM looked_at JOIN pressroom.%I r USING (tenant_id, task_id)',
                       state.entity, CASE WHEN state.has_id THEN 'id' ELSE 'task_id' END, state.entity || '_json', state.relname);
    END LOOP;
END $$;
CREATE INDEX ON standing (tenant_id, entity, id);
ANALYZE standing;

-- The log ---------------------------------------------------------------------------------------------------------

SELECT 'every_tenant_has_a_log' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('tenant %s', tenant_id) AS detail FROM pressroom.tenants
         WHERE tenant_id NOT IN (SELECT tenant_id FROM pressroom.stream_heads)) AS wrong
HAVING count(*) > 0;

-- From the first position that is not past retention to the head, without those of deleted tasks.
SELECT 'positions_have_no_gaps' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('tenant %s: %s events where %s should be, positions %s to %s, head %s%s', h.tenant_id, log.events,
                      h.position - h.pruned - coalesce(gone.positions, 0), log.first, log.last, h.position,
                      '; the first gap is after ' || gap.position) AS detail
          FROM pressroom.stream_heads h
         CROSS JOIN LATERAL (
                SELECT count(*) AS events, min(position) AS first, max(position) AS last
                  FROM pressroom.events e WHERE e.tenant_id = h.tenant_id AND e.position > h.pruned) AS log
         CROSS JOIN LATERAL (
                SELECT sum(upper(r) - lower(r)) AS positions
                  FROM pressroom.deleted_tasks d
                 CROSS JOIN unnest(d.positions * int8multirange(int8range(h.pruned, h.position, '(]'))) AS r
                 WHERE d.tenant_id = h.tenant_id) AS gone
          LEFT JOIN LATERAL (
                SELECT position
                  FROM (SELECT position, lead(position, 1, h.position + 1) OVER (ORDER BY position) AS next
                          FROM (SELECT h.pruned AS position
                                 UNION ALL
                                SELECT position FROM pressroom.events e
                                 WHERE e.tenant_id = h.tenant_id AND e.position > h.pruned) AS known) AS neighbours
                 WHERE next > position + 1
                   AND NOT EXISTS (SELECT FROM pressroom.deleted_tasks d
                                    WHERE d.tenant_id = h.tenant_id AND d.positions @> neighbours.position + 1)
                 ORDER BY position LIMIT 1) AS gap
               ON log.events <> h.position - h.pruned - coalesce(gone.positions, 0)
         WHERE log.events <> h.position - h.pruned - coalesce(gone.positions, 0) OR log.last > h.position) AS wrong
HAVING count(*) > 0;

SELECT 'no_change_waits_for_its_event' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s of task %s', type, coalesce(task_id::text, 'none')) AS detail FROM pressroom.pending_events) AS wrong
HAVING count(*) > 0;

-- A change of access belongs to its tenant alone.
SELECT 'events_belong_to_tasks' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s at %s of tenant %s: no task %s', e.type, e.position, e.tenant_id, e.task_id) AS detail
          FROM pressroom.stream_heads h, chosen,
               LATERAL (SELECT * FROM pressroom.events e WHERE e.tenant_id = h.tenant_id
                         ORDER BY position DESC LIMIT CASE WHEN NOT chosen.whole THEN 10 * chosen.tasks END) AS e
         WHERE (e.task_id IS NULL) <> (e.type = 'access_changed')
            OR e.task_id IS NOT NULL
               AND NOT EXISTS (SELECT FROM pressroom.tasks t WHERE t.tenant_id = e.tenant_id AND t.task_id = e.task_id)) AS wrong
HAVING count(*) > 0;

-- Rows whose last event is past retention have none to compare with. Older events lack the columns that a later migration
-- added.
SELECT 'rows_equal_their_last_events' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s %s: %s', s.entity, s.id, coalesce('differs from its event at ' || last.position, 'has no event')) AS detail
          FROM standing s
          JOIN pressroom.stream_heads h USING (tenant_id)
          LEFT JOIN (SELECT tenant_id, entity, id, max(position) AS position FROM told GROUP BY 1, 2, 3) AS last
                    USING (tenant_id, entity, id)
          LEFT JOIN pressroom.events e ON e.tenant_id = s.tenant_id AND e.position = last.position
         CROSS JOIN LATERAL (
                SELECT CASE e.type
                       WHEN 'queue_built' THEN (SELECT step FROM json_array_elements(e.payload -> 'steps') AS step
                                                 WHERE step ->> 'id' = s.id)
                       ELSE e.payload -> s.entity END AS told) AS event
         WHERE CASE WHEN last.position IS NULL
                    THEN s.updated_at >= (SELECT o.created_at FROM pressroom.events o WHERE o.tenant_id = s.tenant_id
                                           AND o.position > h.pruned ORDER BY o.position LIMIT 1)
                    ELSE event.told::text IS DISTINCT FROM s.stands::text
                         AND (event.told IS NULL OR event.told::jsonb IS DISTINCT FROM (
                             SELECT jsonb_object_agg(now.key, now.value) FROM jsonb_each(s.stands::jsonb) AS now
                              WHERE event.told::jsonb ? now.key)) END) AS wrong
HAVING count(*) > 0;

SELECT 'rows_that_were_told_are_there' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s %s', entity, id) AS detail FROM (SELECT DISTINCT tenant_id, entity, id FROM told) AS t
         WHERE entity IN (SELECT entity FROM followed)
           AND NOT EXISTS (SELECT FROM standing s
                            WHERE s.tenant_id = t.tenant_id AND s.entity = t.entity AND s.id = t.id)) AS wrong
HAVING count(*) > 0;

SELECT 'every_version_has_one_event' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s %s: version %s at %s comes after %s', entity, id, version, position, before) AS detail
          FROM (SELECT *, lag(version) OVER (PARTITION BY tenant_id, entity, id ORDER BY position) AS before
                  FROM told WHERE version IS NOT NULL) AS t
         WHERE version <> before + 1) AS wrong
HAVING count(*) > 0;

SELECT 'transitions_are_legal' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s %s: %s to %s at %s', entity, id, before, status, position) AS detail
          FROM (SELECT *, lag(status) OVER (PARTITION BY tenant_id, entity, id ORDER BY position) AS before
                  FROM told WHERE status IS NOT NULL) AS t
         WHERE status <> before AND entity IN (SELECT entity FROM pressroom.transitions)
           AND NOT EXISTS (SELECT FROM pressroom.transitions l WHERE l.entity = t.entity
                              AND l.from_status = t.before AND l.to_status = t.status)) AS wrong
HAVING count(*) > 0;

-- Version 1 of a row is its first.
SELECT 'rows_begin_as_they_may' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s %s: began as %s at %s', b.entity, b.id, b.status, b.position) AS detail
          FROM told b JOIN pressroom.events e USING (tenant_id, position)
          JOIN pressroom.tasks t ON t.tenant_id = e.tenant_id AND t.task_id = e.task_id
         WHERE b.version = 1 AND b.status IS NOT NULL AND b.entity IN (SELECT entity FROM pressroom.first_statuses)
           AND NOT EXISTS (SELECT FROM pressroom.first_statuses f WHERE f.entity = b.entity AND f.status = b.status
                              AND (NOT f.of_forks OR t.forked_from_task_id IS NOT NULL))) AS wrong
HAVING count(*) > 0;

SELECT 'an_attempt_runs_once' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s: attempt %s began at %s', id, attempt, array_agg(position ORDER BY position)) AS detail
          FROM (SELECT *, lag(status) OVER (PARTITION BY tenant_id, id ORDER BY position) AS before
                  FROM told WHERE entity = 'step') AS t
         WHERE status = 'running' AND before IS DISTINCT FROM 'running'
         GROUP BY tenant_id, id, attempt HAVING count(*) > 1) AS wrong
HAVING count(*) > 0;

-- A processor records only results of its own runs: it had not lost the lease before.
SELECT 'results_come_from_who_holds_the_step' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s: attempt %s of %s was ended at %s by %s', id, attempt, holder, position, actor) AS detail
          FROM (SELECT *, lag(status) OVER w AS before, lag(attempt) OVER w AS run, lag(processor_id) OVER w AS holder
                  FROM told WHERE entity = 'step' WINDOW w AS (PARTITION BY tenant_id, id ORDER BY position)) AS t
         WHERE before = 'running' AND status IN ('completed', 'retrying') AND actor LIKE 'processor:%'
           AND (actor <> 'processor:' || holder OR attempt <> run)) AS wrong
HAVING count(*) > 0;

-- Work ------------------------------------------------------------------------------------------------------------

SELECT 'running_steps_have_a_live_processor' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s of task %s: processor %s, last heard of %s', s.id, s.task_id, s.processor_id,
                      coalesce(pressroom.iso(p.heartbeat_at), 'never')) AS detail
          FROM chosen, pressroom.steps s LEFT JOIN pressroom.processors p ON p.id = s.processor_id
         WHERE s.status = 'running' AND s.updated_at < now() - chosen.grace
           AND (p.heartbeat_at > now() - chosen.grace) IS NOT TRUE) AS wrong
HAVING count(*) > 0;

SELECT 'running_steps_belong_to_running_tasks' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s: its task %s is %s, its phase %s', s.id, s.task_id, t.status, p.status) AS detail
          FROM pressroom.steps s JOIN pressroom.tasks t USING (tenant_id, task_id)
          LEFT JOIN pressroom.phases p ON p.tenant_id = s.tenant_id AND p.id = s.phase_id
         WHERE s.status = 'running'
           AND (t.status NOT IN ('running', 'waiting') OR p.status NOT IN ('running', 'waiting') OR s.attempt < 1)) AS wrong
HAVING count(*) > 0;

-- A due step that no node claims although no step of its tenant runs.
SELECT 'due_steps_are_claimed' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s of task %s: due since %s', s.id, s.task_id, pressroom.iso(s.run_at)) AS detail
          FROM chosen, pressroom.steps s JOIN pressroom.tasks t USING (tenant_id, task_id)
         WHERE s.status IN ('pending', 'retrying') AND t.status IN ('running', 'waiting')
           AND greatest(s.run_at, s.updated_at, t.updated_at) < now() - 10 * chosen.grace
           AND NOT EXISTS (SELECT FROM pressroom.steps r WHERE r.tenant_id = s.tenant_id AND r.status = 'running')) AS wrong
HAVING count(*) > 0;

SELECT 'open_tasks_have_something_to_do' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s is %s, and nothing of it is', t.task_id, t.status) AS detail
          FROM chosen, pressroom.tasks t
         WHERE t.status IN ('pending', 'running', 'waiting') AND t.updated_at < now() - chosen.grace
           AND NOT EXISTS (SELECT FROM pressroom.wakeups w WHERE w.tenant_id = t.tenant_id AND w.task_id = t.task_id)
           AND NOT EXISTS (SELECT FROM pressroom.steps s WHERE s.tenant_id = t.tenant_id AND s.task_id = t.task_id
                              AND (s.status IN ('running', 'retrying', 'waiting')
                                   OR s.status = 'pending' AND s.run_at IS NOT NULL))) AS wrong
HAVING count(*) > 0;

-- An open task has something that can move it: a step that runs or will be claimed, a wait for something from outside, its own
-- time, or a due wake-up. A wake-up in the future alone moves nothing: one that is put off again and again hides a task that
-- makes no progress.
SELECT 'open_tasks_move_on' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s is %s since %s, and nothing can move it', t.task_id, t.status, pressroom.iso(t.updated_at)) AS detail
          FROM chosen, pressroom.tasks t
         WHERE t.status IN ('pending', 'running', 'waiting') AND t.updated_at < now() - chosen.grace
           AND (t.status = 'pending' AND t.run_at > now() - chosen.grace) IS NOT TRUE
           AND NOT EXISTS (SELECT FROM pressroom.wakeups w
                            WHERE w.tenant_id = t.tenant_id AND w.task_id = t.task_id AND w.run_at <= now())
           AND NOT EXISTS (SELECT FROM pressroom.steps s
                            WHERE s.tenant_id = t.tenant_id AND s.task_id = t.task_id
                              AND CASE WHEN s.updated_at >= now() - chosen.grace OR s.status = 'running' THEN true
                                       WHEN s.status IN ('pending', 'retrying') THEN s.run_at IS NOT NULL
                                       WHEN s.status <> 'waiting' THEN false
                                       WHEN s.kind = 'delay' THEN s.run_at IS NOT NULL
                                       WHEN s.kind = 'human' THEN EXISTS (
                                           SELECT FROM pressroom.human_tasks h
                                            WHERE h.tenant_id = s.tenant_id AND h.task_id = s.task_id AND h.step_id = s.id)
                                       ELSE true END)) AS wrong
HAVING count(*) > 0;

-- A phase that waits for a signal takes one that is there.
SELECT 'signals_are_taken' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('signal %s of task %s: step %s has not taken it since %s', g.name, g.task_id, s.id,
                      pressroom.iso(g.created_at)) AS detail
          FROM chosen, looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.signals g USING (tenant_id, task_id)
          JOIN pressroom.steps s ON s.tenant_id = g.tenant_id AND s.task_id = g.task_id
                                AND s.kind = 'signal' AND s.input ->> 'signal' = g.name
         WHERE t.status IN ('running', 'waiting') AND g.received_by IS NULL AND s.status = 'waiting'
           AND greatest(g.created_at, s.updated_at, t.updated_at) < now() - chosen.grace
           AND NOT EXISTS (SELECT FROM pressroom.wakeups w
                            WHERE w.tenant_id = t.tenant_id AND w.task_id = t.task_id AND w.run_at <= now())) AS wrong
HAVING count(*) > 0;

SELECT 'waiting_tasks_wait_for_something' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s %s of task %s is waiting', what, key, task_id) AS detail
          FROM (SELECT 'task' AS what, '' AS key, tenant_id, task_id, NULL::uuid AS phase_id
                  FROM pressroom.tasks WHERE status = 'waiting'
                 UNION ALL
                SELECT 'phase', p.key, p.tenant_id, p.task_id, p.id
                  FROM looked_at JOIN pressroom.phases p USING (tenant_id, task_id) WHERE p.status = 'waiting') AS w
         WHERE NOT EXISTS (SELECT FROM pressroom.steps s WHERE s.tenant_id = w.tenant_id AND s.task_id = w.task_id
                              AND s.phase_id = coalesce(w.phase_id, s.phase_id)
                              AND s.status IN ('pending', 'running', 'waiting', 'retrying'))) AS wrong
HAVING count(*) > 0;

-- A wait with an end needs a wake-up at that time.
SELECT 'waits_end_in_time' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s of task %s waits until %s, and no wake-up is due then', s.id, s.task_id, pressroom.iso(s.run_at)) AS detail
          FROM chosen, looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.steps s USING (tenant_id, task_id)
          LEFT JOIN pressroom.wakeups w USING (tenant_id, task_id)
         WHERE s.status = 'waiting' AND s.run_at IS NOT NULL AND t.status IN ('running', 'waiting')
           AND (w.run_at IS NULL OR w.run_at > s.run_at + chosen.grace)) AS wrong
HAVING count(*) > 0;

-- A step that waits for capacity in its phase follows one that has it.
SELECT 'parked_steps_follow_others' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s of task %s', s.id, s.task_id) AS detail
          FROM chosen, looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.steps s USING (tenant_id, task_id)
         WHERE s.status = 'pending' AND s.run_at IS NULL AND t.status IN ('running', 'waiting')
           AND s.updated_at < now() - chosen.grace
           AND NOT EXISTS (SELECT FROM pressroom.wakeups w WHERE w.tenant_id = s.tenant_id AND w.task_id = s.task_id)
           AND NOT EXISTS (SELECT FROM pressroom.steps o WHERE o.tenant_id = s.tenant_id AND o.task_id = s.task_id
                              AND o.phase_id = s.phase_id AND (o.status IN ('running', 'retrying', 'waiting')
                                                               OR o.status = 'pending' AND o.run_at IS NOT NULL))) AS wrong
HAVING count(*) > 0;

SELECT 'due_wakeups_are_taken' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s, %s, since %s', w.task_id, t.status, pressroom.iso(w.run_at)) AS detail
          FROM chosen, pressroom.wakeups w JOIN pressroom.tasks t USING (tenant_id, task_id)
         WHERE w.run_at < now() - 10 * chosen.grace) AS wrong
HAVING count(*) > 0;

SELECT 'wake_requests_are_taken' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s: %s, since %s', r.task_id, r.action, pressroom.iso(r.created_at)) AS detail
          FROM chosen, pressroom.wake_requests r WHERE r.created_at < now() - 10 * chosen.grace) AS wrong
HAVING count(*) > 0;

-- An open human task has a step that waits for its answer, and the step does not wait longer than that.
SELECT 'questions_and_steps_agree' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('human task %s of task %s is %s, its step %s', h.id, h.task_id, h.status, coalesce(s.status, 'gone')) AS detail
          FROM chosen, looked_at JOIN pressroom.human_tasks h USING (tenant_id, task_id)
          JOIN pressroom.tasks t USING (tenant_id, task_id)
          LEFT JOIN pressroom.steps s ON s.tenant_id = h.tenant_id AND s.id = h.step_id AND s.task_id = h.task_id
         WHERE s.id IS NULL
            OR h.status IN ('pending', 'claimed') AND s.status NOT IN ('waiting', 'pending')
               AND s.updated_at < now() - chosen.grace
            OR h.status NOT IN ('pending', 'claimed') AND s.status = 'waiting' AND t.status IN ('running', 'waiting')
               AND h.updated_at < now() - chosen.grace
               AND NOT EXISTS (SELECT FROM pressroom.human_tasks o WHERE o.tenant_id = h.tenant_id AND o.step_id = h.step_id
                                  AND o.status IN ('pending', 'claimed'))) AS wrong
HAVING count(*) > 0;

SELECT 'parts_end_with_their_whole' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s: its parent %s is %s', t.task_id, p.task_id, p.status) AS detail
          FROM chosen, pressroom.tasks t JOIN pressroom.tasks p ON p.tenant_id = t.tenant_id AND p.task_id = t.parent_task_id
         WHERE t.status IN ('pending', 'running', 'waiting', 'paused') AND p.status IN ('completed', 'failed', 'cancelled')
           AND p.updated_at < now() - chosen.grace) AS wrong
HAVING count(*) > 0;

-- A step that waits for a sub-task has one, and ends with it.
SELECT 'waits_for_subtasks_end' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s of task %s waits for %s', s.id, s.task_id,
                      coalesce('sub-task ' || c.task_id || ', which is ' || c.status, 'no sub-task')) AS detail
          FROM chosen, looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.steps s USING (tenant_id, task_id)
          LEFT JOIN pressroom.subtasks u ON u.tenant_id = s.tenant_id AND u.parent_step_id = s.id AND u.attempt = s.attempt
          LEFT JOIN pressroom.tasks c ON c.tenant_id = u.tenant_id AND c.task_id = u.task_id
         WHERE s.kind = 'workflow' AND s.status = 'waiting' AND t.status IN ('running', 'waiting')
           AND (c.status IS NULL OR c.status IN ('completed', 'failed', 'cancelled'))
           AND greatest(s.updated_at, c.updated_at, t.updated_at) < now() - chosen.grace) AS wrong
HAVING count(*) > 0;

-- A sub-task runs only as long as the step that started it waits for it.
SELECT 'subtasks_are_waited_for' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('sub-task %s is %s, its step %s of task %s %s', c.task_id, c.status, u.parent_step_id, u.parent_task_id,
                      coalesce('is ' || s.status || ', attempt ' || s.attempt || ' after ' || u.attempt, 'is gone')) AS detail
          FROM chosen, looked_at JOIN pressroom.tasks c USING (tenant_id, task_id)
          JOIN pressroom.subtasks u ON u.tenant_id = c.tenant_id AND u.task_id = c.task_id
          LEFT JOIN pressroom.steps s ON s.tenant_id = u.tenant_id AND s.id = u.parent_step_id
         WHERE c.status NOT IN ('completed', 'failed', 'cancelled') AND c.updated_at < now() - chosen.grace
           AND (s.status = 'waiting' AND s.attempt = u.attempt) IS NOT TRUE
           AND coalesce(s.updated_at, u.created_at) < now() - chosen.grace) AS wrong
HAVING count(*) > 0;

SELECT 'subtasks_belong_to_their_parents' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('sub-task %s of task %s: %s', u.task_id, u.parent_task_id,
                      CASE WHEN p.task_id IS NULL THEN 'no such parent'
                           WHEN s.kind IS DISTINCT FROM 'workflow' OR s.task_id <> p.task_id OR s.attempt < u.attempt
                           THEN 'no step that started it'
                           WHEN c.parent_task_id IS DISTINCT FROM p.task_id THEN 'its row names another parent'
                           WHEN u.depth <> 1 + coalesce(above.depth, 0) THEN 'its depth is ' || u.depth
                           ELSE 'its context is not its parent''s' END) AS detail
          FROM looked_at JOIN pressroom.tasks c USING (tenant_id, task_id)
          JOIN pressroom.subtasks u ON u.tenant_id = c.tenant_id AND u.task_id = c.task_id
          LEFT JOIN pressroom.tasks p ON p.tenant_id = u.tenant_id AND p.task_id = u.parent_task_id
          LEFT JOIN pressroom.steps s ON s.tenant_id = u.tenant_id AND s.id = u.parent_step_id
          LEFT JOIN pressroom.subtasks above ON above.tenant_id = u.tenant_id AND above.task_id = u.parent_task_id
         WHERE (s.kind = 'workflow' AND s.task_id = p.task_id AND s.attempt >= u.attempt AND c.parent_task_id = p.task_id
                AND u.depth = 1 + coalesce(above.depth, 0)
                AND c.context - 'task_id' = p.context - 'task_id') IS NOT TRUE) AS wrong
HAVING count(*) > 0;

-- A schedule without a next time, but with an error, waits for a client to correct it.
SELECT 'due_schedules_fire' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('schedule %s of %s: %s', id, workflow_name,
                      coalesce('due since ' || pressroom.iso(next_run_at), 'its next time is not planned')) AS detail
          FROM chosen, pressroom.schedules
         WHERE enabled AND (next_run_at IS NOT NULL OR last_error IS NULL)
           AND greatest(next_run_at, updated_at) < now() - 10 * chosen.grace) AS wrong
HAVING count(*) > 0;

SELECT 'a_time_fires_once' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('schedule %s at %s: task %s', f.schedule_id, pressroom.iso(f.due_at),
                      t.task_id || ' is for ' || coalesce(pressroom.iso(t.run_at), 'no time')) AS detail
          FROM looked_at JOIN pressroom.schedule_firings f USING (tenant_id, task_id)
          JOIN pressroom.tasks t USING (tenant_id, task_id)
         WHERE t.run_at IS DISTINCT FROM f.due_at
         UNION ALL
        SELECT format('schedule %s: its last task %s has no firing', s.id, s.last_task_id)
          FROM pressroom.tenants JOIN pressroom.schedules s USING (tenant_id)
         WHERE s.last_run_at > now() - interval '29 days'
           AND NOT EXISTS (SELECT FROM pressroom.schedule_firings f
                            WHERE f.tenant_id = s.tenant_id AND f.schedule_id = s.id AND f.task_id = s.last_task_id)) AS wrong
HAVING count(*) > 0;

-- deleted_tasks keeps a task as long as its events would be kept.
SELECT 'firings_have_their_task' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('schedule %s at %s: no task %s', f.schedule_id, pressroom.iso(f.due_at), f.task_id) AS detail
          FROM pressroom.schedule_firings f JOIN pressroom.stream_heads h USING (tenant_id)
         WHERE f.created_at >= CASE h.pruned WHEN 0 THEN '-infinity' ELSE coalesce((
                   SELECT created_at FROM pressroom.events e WHERE e.tenant_id = h.tenant_id AND e.position > h.pruned
                    ORDER BY position LIMIT 1), 'infinity') END
           AND NOT EXISTS (SELECT FROM pressroom.tasks t WHERE t.tenant_id = f.tenant_id AND t.task_id = f.task_id)
           AND NOT EXISTS (SELECT FROM pressroom.deleted_tasks d WHERE d.tenant_id = f.tenant_id AND d.task_id = f.task_id)) AS wrong
HAVING count(*) > 0;

-- Ends ------------------------------------------------------------------------------------------------------------

SELECT 'ended_tasks_have_nothing_open' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s is %s, its %s %s is %s', t.task_id, t.status, open.entity, open.id, open.status) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
         CROSS JOIN LATERAL (
                SELECT 'phase' AS entity, id, status FROM pressroom.phases p
                 WHERE p.tenant_id = t.tenant_id AND p.task_id = t.task_id AND status IN ('pending', 'running', 'waiting')
                 UNION ALL
                SELECT 'step', id, status FROM pressroom.steps s
                 WHERE s.tenant_id = t.tenant_id AND s.task_id = t.task_id
                   AND status IN ('pending', 'running', 'waiting', 'retrying')
                 UNION ALL
                SELECT 'output', id, status FROM pressroom.outputs o
                 WHERE o.tenant_id = t.tenant_id AND o.task_id = t.task_id AND status IN ('writing', 'editing', 'rewriting')
                 UNION ALL
                SELECT 'evaluation', id, status FROM pressroom.evaluations e
                 WHERE e.tenant_id = t.tenant_id AND e.task_id = t.task_id AND status IN ('pending', 'processing')
                 UNION ALL
                SELECT 'human task', id, status FROM pressroom.human_tasks h
                 WHERE h.tenant_id = t.tenant_id AND h.task_id = t.task_id AND status IN ('pending', 'claimed')) AS open
         WHERE t.status IN ('completed', 'failed', 'cancelled')) AS wrong
HAVING count(*) > 0;

SELECT 'ended_phases_have_no_open_step' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('phase %s of task %s is %s, its step %s is %s', p.key, p.task_id, p.status, s.id, s.status) AS detail
          FROM looked_at JOIN pressroom.phases p USING (tenant_id, task_id)
          JOIN pressroom.steps s ON s.tenant_id = p.tenant_id AND s.task_id = p.task_id AND s.phase_id = p.id
         WHERE p.status IN ('completed', 'failed', 'skipped', 'cancelled')
           AND s.status IN ('pending', 'running', 'waiting', 'retrying')) AS wrong
HAVING count(*) > 0;

-- A phase does not run after one whose failure fails the task, nor after one that was skipped because of such a failure.
SELECT 'failures_stop_what_needs_them' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s: phase %s is %s, and %s that it needs is %s', p.task_id, p.key, p.status, n.key, n.status) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.phases p USING (tenant_id, task_id)
          JOIN pressroom.phases n ON n.tenant_id = p.tenant_id AND n.task_id = p.task_id AND n.key = ANY(p.needs)
          LEFT JOIN pressroom.workflows w ON w.tenant_id = t.tenant_id AND w.id = t.workflow_id
         WHERE p.status = 'completed'
           AND (n.status = 'failed' AND NOT EXISTS (
                    SELECT FROM json_array_elements(w.definition -> 'phases') AS d
                     WHERE d ->> 'id' = n.key AND d ->> 'on_failure' = 'continue')
                OR n.status = 'skipped' AND n.error ->> 'code' = 'upstream_failed')) AS wrong
HAVING count(*) > 0;

-- A failed phase fails its task, unless its definition lets the task continue.
SELECT 'tasks_end_as_their_phases_did' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s is %s', t.task_id, t.status) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
         CROSS JOIN LATERAL (
                SELECT count(*) AS phases
                  FROM pressroom.phases p JOIN pressroom.workflows w ON w.tenant_id = t.tenant_id AND w.id = t.workflow_id
                 CROSS JOIN json_array_elements(w.definition -> 'phases') AS d
                 WHERE p.tenant_id = t.tenant_id AND p.task_id = t.task_id AND p.status = 'failed' AND d ->> 'id' = p.key
                   AND coalesce(d ->> 'on_failure', 'fail') = 'fail') AS failed
         WHERE t.status = 'completed' AND (failed.phases > 0 OR t.progress <> 1 OR t.result IS NULL)
            OR t.status = 'failed' AND t.error IS NULL) AS wrong
HAVING count(*) > 0;

SELECT 'timestamps_fit_the_status' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s is %s', task_id, status) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
         WHERE (paused_at IS NOT NULL, completed_at IS NOT NULL, failed_at IS NOT NULL, cancelled_at IS NOT NULL)
               <> (status = 'paused', status = 'completed', status = 'failed', status = 'cancelled')
            OR status = 'running' AND started_at IS NULL
         UNION ALL
        SELECT format('phase %s of task %s is %s', key, task_id, status)
          FROM looked_at JOIN pressroom.phases p USING (tenant_id, task_id)
         WHERE (completed_at IS NOT NULL) <> (status IN ('completed', 'failed', 'skipped', 'cancelled'))
            OR status IN ('running', 'waiting') AND started_at IS NULL
         UNION ALL
        SELECT format('step %s of task %s is %s', id, task_id, status)
          FROM looked_at JOIN pressroom.steps s USING (tenant_id, task_id)
         WHERE (completed_at IS NOT NULL) <> (status IN ('completed', 'failed', 'skipped', 'cancelled'))
            OR status = 'running' AND started_at IS NULL) AS wrong
HAVING count(*) > 0;

-- Results ---------------------------------------------------------------------------------------------------------

SELECT 'texts_are_numbered_from_1' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('output %s of task %s: version_number %s, versions %s', o.id, o.task_id, o.version_number,
                      coalesce(array_agg(v.version_number ORDER BY v.version_number) FILTER (WHERE v.id IS NOT NULL), '{}')) AS detail
          FROM looked_at JOIN pressroom.outputs o USING (tenant_id, task_id)
          LEFT JOIN pressroom.output_versions v ON v.tenant_id = o.tenant_id AND v.output_id = o.id
         GROUP BY o.tenant_id, o.id
        HAVING count(v.id) <> o.version_number OR min(v.version_number) <> 1 OR max(v.version_number) <> o.version_number
            OR bool_or(v.task_id <> o.task_id)) AS wrong
HAVING count(*) > 0;

-- One text for each step that wrote one, editors that polished among them, and none from steps that did not finish. A fork
-- copies the texts with their steps, but no log lines.
SELECT 'a_result_is_recorded_once' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('output %s of task %s: %s texts of %s steps', o.id, o.task_id, texts.written, steps.done) AS detail
          FROM looked_at JOIN pressroom.outputs o USING (tenant_id, task_id)
         CROSS JOIN LATERAL (
                SELECT count(*) AS written FROM pressroom.output_versions v
                 WHERE v.tenant_id = o.tenant_id AND v.output_id = o.id AND v.action IN ('write', 'rewrite', 'edit')) AS texts
         CROSS JOIN LATERAL (
                SELECT count(*) AS done FROM pressroom.steps s
                 WHERE s.tenant_id = o.tenant_id AND s.task_id = o.task_id AND s.output_id = o.id
                   AND s.status = 'completed' AND s.output ->> 'version_number' IS NOT NULL) AS steps
         WHERE texts.written <> steps.done
         UNION ALL
        SELECT format('step %s of task %s is %s, and wrote %s lines', s.id, s.task_id, s.status, lines.written)
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.steps s USING (tenant_id, task_id)
         CROSS JOIN LATERAL (
                SELECT count(*) AS written FROM pressroom.logs l
                 WHERE l.tenant_id = s.tenant_id AND l.task_id = s.task_id AND l.step_id = s.id
                   AND l.metadata ->> 'code' IS NULL) AS lines -- others are the service's
         WHERE s.kind = 'log' AND lines.written
               <> (s.status = 'completed' AND (t.forked_from_task_id IS NULL OR s.completed_at >= t.created_at))::integer) AS wrong
HAVING count(*) > 0;

-- The winner's text in a result is the draft's.
SELECT 'results_show_the_texts' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s: its winner is output %s', t.task_id, o.id) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.outputs o ON o.tenant_id = t.tenant_id AND o.task_id = t.task_id
           AND o.id::text = t.result #>> '{winner,output_id}'
         WHERE t.status = 'completed' AND t.result #>> '{winner,content}' IS DISTINCT FROM o.content
           AND NOT EXISTS (SELECT FROM rereading r WHERE r.tenant_id = t.tenant_id AND r.task_id = t.task_id)) AS wrong
HAVING count(*) > 0;

-- The result of a step is the result of its sub-task.
SELECT 'subtasks_bring_their_results' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s of task %s is completed, its sub-task %s is %s', s.id, s.task_id, c.task_id, c.status) AS detail
          FROM looked_at JOIN pressroom.steps s USING (tenant_id, task_id)
          JOIN pressroom.subtasks u ON u.tenant_id = s.tenant_id AND u.parent_step_id = s.id AND u.attempt = s.attempt
          JOIN pressroom.tasks c ON c.tenant_id = u.tenant_id AND c.task_id = u.task_id
         WHERE s.kind = 'workflow' AND s.status = 'completed'
           AND (c.status <> 'completed' OR s.output::jsonb IS DISTINCT FROM c.result::jsonb || jsonb_build_object('task_id', c.task_id))
           AND NOT EXISTS (SELECT FROM rereading r WHERE r.tenant_id = s.tenant_id AND r.task_id = s.task_id)) AS wrong
HAVING count(*) > 0;

SELECT 'drafts_at_work_have_a_step' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('output %s of task %s is %s', o.id, o.task_id, o.status) AS detail
          FROM chosen, looked_at JOIN pressroom.outputs o USING (tenant_id, task_id)
         WHERE o.status IN ('writing', 'editing', 'rewriting') AND o.updated_at < now() - chosen.grace
           AND NOT EXISTS (SELECT FROM pressroom.steps s WHERE s.tenant_id = o.tenant_id AND s.task_id = o.task_id
                              AND s.output_id = o.id AND s.status = 'running')) AS wrong
HAVING count(*) > 0;

SELECT 'scores_come_from_verdicts' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('evaluation %s of task %s is %s, its step %s', e.id, e.task_id, e.status, coalesce(s.status, 'gone')) AS detail
          FROM looked_at JOIN pressroom.evaluations e USING (tenant_id, task_id)
          LEFT JOIN pressroom.steps s ON s.tenant_id = e.tenant_id AND s.id = e.step_id
         WHERE e.status <> 'completed' AND (e.score IS NOT NULL OR e.rank IS NOT NULL OR e.weighted_score IS NOT NULL)
            OR e.status = 'completed' AND s.status IS DISTINCT FROM 'completed'
            OR e.status = 'processing' AND s.status IS DISTINCT FROM 'running') AS wrong
HAVING count(*) > 0;

SELECT 'rankings_add_up' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('ranking %s of task %s: %s counted and %s failed of %s completed and %s failed', r.id, r.task_id,
                      r.evaluations_counted, r.evaluations_failed, e.completed, e.failed) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.rankings r USING (tenant_id, task_id)
         CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE status = 'completed') AS completed, count(*) FILTER (WHERE status = 'failed') AS failed
                  FROM pressroom.evaluations e
                 WHERE e.tenant_id = r.tenant_id AND e.task_id = r.task_id AND e.phase_id = r.phase_id) AS e
         WHERE t.status = 'completed' AND (r.evaluations_counted > e.completed OR r.evaluations_failed > e.failed
               OR r.evaluations_counted + r.evaluations_failed > e.completed + e.failed)) AS wrong
HAVING count(*) > 0;

-- The glass box ----------------------------------------------------------------------------------------------------

-- Each run of a step has one attempt, numbered from 1 without a gap, but for the run that has not ended. A fork takes steps
-- over without theirs.
SELECT 'every_run_has_one_attempt' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s of task %s is %s at attempt %s: attempts %s', s.id, s.task_id, s.status, s.attempt,
                      coalesce(ended.numbers, '{}')) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.steps s USING (tenant_id, task_id)
         CROSS JOIN LATERAL (
                SELECT count(*) AS runs, min(a.attempt) AS first, max(a.attempt) AS last,
                       array_agg(a.attempt ORDER BY a.attempt) AS numbers
                  FROM pressroom.attempts a
                 WHERE a.tenant_id = s.tenant_id AND a.task_id = s.task_id AND a.step_id = s.id) AS ended
         CROSS JOIN LATERAL (SELECT s.attempt - (s.status = 'running')::integer AS runs) AS begun
         WHERE s.attempt > 0
           AND CASE WHEN t.forked_from_task_id IS NULL THEN ended.runs <> begun.runs OR ended.runs > 0 AND ended.first <> 1
                    ELSE ended.runs > 0 AND ended.last - ended.first + 1 <> ended.runs END
            OR ended.runs > 0 AND ended.last <> begun.runs) AS wrong
HAVING count(*) > 0;

-- No call without the attempt that made it, numbered from 1 within it; no body without its call.
SELECT 'attempts_and_calls_fit' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('attempt %s of step %s: no such step of task %s', a.attempt, a.step_id, a.task_id) AS detail
          FROM looked_at JOIN pressroom.attempts a USING (tenant_id, task_id)
         WHERE NOT EXISTS (SELECT FROM pressroom.steps s
                            WHERE s.tenant_id = a.tenant_id AND s.id = a.step_id AND s.task_id = a.task_id
                              AND s.phase_id = a.phase_id AND s.attempt >= a.attempt)
         UNION ALL
        SELECT format('calls of attempt %s of step %s: %s', c.attempt, c.step_id,
                      CASE WHEN a.id IS NULL THEN 'no such attempt' ELSE 'numbered ' || c.numbers::text END)
          FROM (SELECT c.tenant_id, c.task_id, c.step_id, c.attempt, count(*) AS calls, max(c.sequence) AS last,
                       array_agg(c.sequence ORDER BY c.sequence) AS numbers
                  FROM looked_at JOIN pressroom.calls c USING (tenant_id, task_id) GROUP BY 1, 2, 3, 4) AS c
          LEFT JOIN pressroom.attempts a ON a.tenant_id = c.tenant_id AND a.task_id = c.task_id AND a.step_id = c.step_id
           AND a.attempt = c.attempt
         WHERE a.id IS NULL OR c.last <> c.calls
         UNION ALL
        SELECT format('body of call %s', b.call_id)
          FROM chosen, LATERAL (SELECT * FROM pressroom.call_bodies ORDER BY call_id DESC
                                 LIMIT CASE WHEN NOT chosen.whole THEN 10 * chosen.tasks END) AS b
         WHERE NOT EXISTS (SELECT FROM pressroom.calls c WHERE c.tenant_id = b.tenant_id AND c.id = b.call_id)) AS wrong
HAVING count(*) > 0;

-- A task's usage is that of its calls. The calls of a result that came too late count for nothing, so only tasks are
-- compared whose runs all came to their end.
SELECT 'usage_is_that_of_the_calls' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s: usage %s, calls %s and %s', t.task_id, t.usage, made.prompt, made.completion) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
         CROSS JOIN LATERAL (
                SELECT sum((c.usage ->> 'prompt_tokens')::numeric) AS prompt, sum((c.usage ->> 'completion_tokens')::numeric) AS completion
                  FROM pressroom.calls c
                 WHERE c.tenant_id = t.tenant_id AND c.task_id = t.task_id AND c.kind = 'chat') AS made
         WHERE t.forked_from_task_id IS NULL AND made.prompt IS NOT NULL
           AND NOT EXISTS (SELECT FROM pressroom.attempts a WHERE a.tenant_id = t.tenant_id AND a.task_id = t.task_id
                              AND a.status IN ('lost', 'cancelled'))
           AND (least(made.prompt, 9007199254740991) <> coalesce((t.usage ->> 'prompt_tokens')::numeric, 0)
                OR least(made.completion, 9007199254740991) <> coalesce((t.usage ->> 'completion_tokens')::numeric, 0))) AS wrong
HAVING count(*) > 0;

-- Hours that were summed after their end, as far as their rows are all there: what was recorded since is in no sum yet, and
-- what was deleted since is in no row any more. Of what has ended since the sum, a retry takes a failed task away.
CREATE TEMPORARY TABLE summed_hours ON COMMIT DROP AS
WITH tenant AS (
    SELECT u.tenant_id, max(u.updated_at) AS summed_at, max(u.hour) AS newest,
           greatest(min(u.hour), CASE WHEN NOT chosen.whole THEN max(u.hour) - interval '2 days' END,
                    CASE WHEN h.pruned > 0 THEN
                        coalesce((SELECT e.created_at FROM pressroom.events e
                                   WHERE e.tenant_id = u.tenant_id AND e.position > h.pruned ORDER BY e.position LIMIT 1), now())
                         END) AS oldest,
           (SELECT max(d.deleted_at) FROM pressroom.deleted_tasks d WHERE d.tenant_id = u.tenant_id) AS deleted_at
      FROM chosen, pressroom.usage_hours u JOIN pressroom.stream_heads h USING (tenant_id) GROUP BY u.tenant_id, h.pruned, chosen.whole
), hours AS (
    SELECT tenant.tenant_id, n.hour, tenant.deleted_at, coalesce(own.summed_at, tenant.summed_at) - interval '1 minute' AS seen_to
      FROM tenant
     CROSS JOIN LATERAL generate_series(date_trunc('hour', tenant.oldest + interval '59 minutes 59.999999 seconds', 'UTC'), tenant.newest,
                                        interval '1 hour') AS n (hour)
     CROSS JOIN LATERAL (SELECT min(u.updated_at) AS summed_at FROM pressroom.usage_hours u
                          WHERE u.tenant_id = tenant.tenant_id AND u.hour = n.hour) AS own
)
SELECT h.tenant_id, h.hour, coalesce(h.deleted_at >= h.seen_to, false) AS has_lost_rows
  FROM hours h
 WHERE h.seen_to >= h.hour + interval '1 hour'
   AND NOT EXISTS (SELECT FROM pressroom.calls c
                    WHERE c.tenant_id = h.tenant_id AND c.kind = 'chat' AND c.ended_at >= h.hour
                      AND c.ended_at < h.hour + interval '1 hour'
                      AND c.created_at >= least(h.seen_to, h.hour + interval '1 day'));
SELECT 'usage_hours_are_the_sums_of_their_rows' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('tenant %s, hour %s, %s %s%s: %s more tasks, %s more steps, %s more calls, %s and %s more tokens, %s more cost in the sum',
                      d.tenant_id, d.hour, d.workflow_name, d.workflow_version, rtrim(' ' || d.agent || ' ' || d.model), d.tasks, d.steps,
                      d.calls, d.prompt, d.completion, d.cost) AS detail
          FROM (SELECT h.tenant_id, h.hour, h.has_lost_rows, s.workflow_name, s.workflow_version, s.agent, s.model,
                       sum(s.sign * s.tasks) AS tasks, sum(s.sign * s.completed) AS completed, sum(s.sign * s.failed) AS failed,
                       sum(s.sign * s.steps) AS steps, sum(s.sign * s.calls) AS calls, sum(s.sign * s.prompt_tokens) AS prompt,
                       sum(s.sign * s.completion_tokens) AS completion,
                       round(coalesce(sum(s.sign * s.cost), 0)::numeric, 6) AS cost, sum(abs(s.cost)) AS costs,
                       bool_or(s.tasks + s.calls <> (SELECT sum(took) FROM unnest(s.durations) AS took)) AS is_lopsided
                  FROM summed_hours h
                 CROSS JOIN LATERAL (
                        SELECT 1 AS sign, u.* FROM pressroom.usage_hours u WHERE u.tenant_id = h.tenant_id AND u.hour = h.hour
                         UNION ALL
                        SELECT -1, r.* FROM pressroom.usage_between(h.tenant_id, h.hour, h.hour + interval '1 hour') AS r) AS s
                 GROUP BY 1, 2, 3, 4, 5, 6, 7) AS d
         WHERE d.is_lopsided OR least(d.tasks, d.completed, d.failed, d.steps, d.calls, d.prompt, d.completion) < 0
            OR d.cost < -1e-6 * greatest(1, d.costs)
            OR NOT d.has_lost_rows
               AND (d.completed <> 0 OR d.tasks <> d.failed OR d.calls <> 0 OR d.prompt <> 0 OR d.completion <> 0
                    OR d.cost > 1e-6 * greatest(1, d.costs))) AS wrong
HAVING count(*) > 0;

-- What is kept of a row's transitions leads without a break to what the log tells, and to the row's status.
SELECT 'history_leads_to_the_rows' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s %s of task %s: %s to %s at %s comes after %s', h.entity, h.entity_id, h.task_id,
                      coalesce(h."from", 'new'), h."to", h.position, coalesce(h.before, 'nothing')) AS detail
          FROM (SELECT h.*, lag(h."to") OVER w AS before, row_number() OVER w AS number
                  FROM looked_at CROSS JOIN LATERAL pressroom.task_history(looked_at.tenant_id, looked_at.task_id) AS h
                 WHERE EXISTS (SELECT FROM pressroom.status_changes k
                                WHERE k.tenant_id = looked_at.tenant_id AND k.task_id = looked_at.task_id)
                WINDOW w AS (PARTITION BY h.tenant_id, h.entity_id ORDER BY h.position, h.ordinal)) AS h
         WHERE h."from" IS DISTINCT FROM h.before
         UNION ALL
        SELECT format('task %s is %s, and its history ends with %s', t.task_id, t.status, k.last)
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
         CROSS JOIN LATERAL (SELECT pressroom.kept_status(t.tenant_id, t.task_id, t.task_id) AS last) AS k
         WHERE k.last IS NOT NULL AND k.last <> t.status
           AND NOT EXISTS (SELECT FROM pressroom.events e WHERE e.tenant_id = t.tenant_id AND e.task_id = t.task_id
                              AND e.type = 'task_updated')) AS wrong
HAVING count(*) > 0;

-- Rows and their guards -------------------------------------------------------------------------------------------

SELECT 'no_row_is_an_orphan' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('step %s of task %s: no %s', s.id, s.task_id, CASE WHEN p.id IS NULL THEN 'phase' ELSE 'output' END) AS detail
          FROM looked_at JOIN pressroom.steps s USING (tenant_id, task_id)
          LEFT JOIN pressroom.phases p ON p.tenant_id = s.tenant_id AND p.id = s.phase_id AND p.task_id = s.task_id
          LEFT JOIN pressroom.outputs o ON o.tenant_id = s.tenant_id AND o.id = s.output_id AND o.task_id = s.task_id
         WHERE p.id IS NULL OR s.output_id IS NOT NULL AND o.id IS NULL
         UNION ALL
        SELECT format('evaluation %s of task %s: no %s', e.id, e.task_id,
                      CASE WHEN p.id IS NULL THEN 'phase' WHEN s.id IS NULL THEN 'step' ELSE 'output' END)
          FROM looked_at JOIN pressroom.evaluations e USING (tenant_id, task_id)
          LEFT JOIN pressroom.phases p ON p.tenant_id = e.tenant_id AND p.id = e.phase_id AND p.task_id = e.task_id
          LEFT JOIN pressroom.steps s ON s.tenant_id = e.tenant_id AND s.id = e.step_id AND s.phase_id = e.phase_id
          LEFT JOIN pressroom.outputs o ON o.tenant_id = e.tenant_id AND o.id = e.output_id AND o.task_id = e.task_id
         WHERE p.id IS NULL OR s.id IS NULL OR o.id IS NULL
         UNION ALL
        SELECT format('ranking %s of task %s: its phase is another task''s', r.id, r.task_id)
          FROM looked_at JOIN pressroom.rankings r USING (tenant_id, task_id)
          JOIN pressroom.phases p ON p.tenant_id = r.tenant_id AND p.id = r.phase_id
         WHERE p.task_id <> r.task_id
         UNION ALL
        SELECT format('signal %s of task %s: no step that took it', g.id, g.task_id)
          FROM looked_at JOIN pressroom.signals g USING (tenant_id, task_id)
         WHERE g.received_by IS NOT NULL
           AND NOT EXISTS (SELECT FROM pressroom.steps s WHERE s.tenant_id = g.tenant_id AND s.id = g.received_by
                              AND s.task_id = g.task_id)) AS wrong
HAVING count(*) > 0;

SELECT 'every_trigger_is_on' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s of %s', g.tgname, g.tgrelid::regclass) AS detail
          FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
         WHERE c.relnamespace = 'pressroom'::regnamespace AND g.tgenabled NOT IN ('O', 'A')) AS wrong
HAVING count(*) > 0;

-- A table without its policies shows the rows of every tenant (0013_access).
SELECT 'every_table_of_a_tenant_has_policies' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('%s: call pressroom.protect(%L)', c.oid::regclass, c.oid::regclass) AS detail
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         WHERE c.relnamespace = 'pressroom'::regnamespace AND c.relkind IN ('r', 'p')
           AND NOT (c.relrowsecurity
                    AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant')
                    AND NOT EXISTS (SELECT FROM pg_policy p
                                     WHERE p.polrelid = c.oid AND p.polpermissive AND p.polname <> 'tenant'
                                       AND p.polroles && ARRAY[0::oid, 'pressroom_service'::regrole::oid]))
         UNION ALL
        SELECT format('the role %s can bypass policies', rolname) FROM pg_roles
         WHERE rolname IN ('pressroom_service', 'pressroom_member', 'pressroom_worker') AND (rolsuper OR rolbypassrls)) AS wrong
HAVING count(*) > 0;

-- What ran has a time for each status on its way, in order. A fork takes phases over that are older than its own rows.
SELECT 'times_are_in_order' AS invariant, count(*) AS violations, to_json((array_agg(detail))[1:5]) AS samples
  FROM (SELECT format('task %s is %s: created %s, started %s, ended %s', task_id, status, created_at, started_at, ended_at) AS detail
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
         WHERE status IN ('running', 'waiting', 'completed', 'failed') AND started_at IS NULL
            OR started_at < created_at OR ended_at < coalesce(started_at, created_at)
         UNION ALL
        SELECT format('phase %s of task %s is %s: created %s, started %s, completed %s', p.key, task_id, p.status, p.created_at,
                      p.started_at, p.completed_at)
          FROM looked_at JOIN pressroom.tasks t USING (tenant_id, task_id)
          JOIN pressroom.phases p USING (tenant_id, task_id)
         WHERE p.status IN ('running', 'waiting', 'completed', 'failed') AND p.started_at IS NULL
            OR p.completed_at < p.started_at
            OR t.forked_from_task_id IS NULL AND least(p.started_at, p.completed_at) < p.created_at) AS wrong
HAVING count(*) > 0;

COMMIT;
