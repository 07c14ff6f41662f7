-- A node gets the events of its own commits with the commit itself, and applications' events come in batches.

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

-- Appends applications' events in the order given: element i of `data` to task i. Answers the log's epoch, the position
-- of the last event, and the tasks that took theirs: a task that does not exist, or whose row another session holds, gets
-- none, and takes no position.
CREATE FUNCTION pressroom.append_custom_events(tenant text, task_ids uuid[], types text[], data json)
RETURNS TABLE (epoch text, "position" bigint, held uuid[])
LANGUAGE plpgsql AS $$
DECLARE
    changes pressroom.change[];
BEGIN
    -- The tasks are locked first: a position that is taken for a task that is gone would stay empty.
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
