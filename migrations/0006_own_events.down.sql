DROP FUNCTION pressroom.append_custom_events(text, uuid[], text[], json);

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
