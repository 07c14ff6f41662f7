-- Writing what was decided on rows that an earlier transaction left, in one round trip (docs/decisions/0025-known-graphs.md).

-- Ends the transaction if one of the tasks has a signal to take, or an event after the position given for it that is not of
-- the transaction itself. To be asked last: from its first event on the transaction holds the head, and nobody else can append.
-- Answers the log's position; null when the transaction has appended nothing.
CREATE FUNCTION pressroom.confirm_unchanged(tenant text, task_ids uuid[], positions bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    first bigint := nullif(current_setting('pressroom.first_event', true), '');
BEGIN
    PERFORM 1 FROM unnest(task_ids, positions) AS known (task_id, position), LATERAL (
            SELECT FROM pressroom.events e
             WHERE e.tenant_id = tenant AND e.task_id = known.task_id AND e.position > known.position
               AND (first IS NULL OR e.position <= first)
             LIMIT 1) AS other;
    IF FOUND THEN
        RAISE EXCEPTION 'somebody else has changed a task' USING ERRCODE = 'serialization_failure';
    END IF;
    -- No event tells of a signal. One that comes after this look brings its own wake-up.
    PERFORM 1 FROM pressroom.signals WHERE tenant_id = tenant AND task_id = ANY(task_ids) AND received_by IS NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'a task has a signal' USING ERRCODE = 'serialization_failure';
    END IF;
    IF first IS NOT NULL THEN
        RETURN (SELECT position FROM pressroom.stream_heads WHERE tenant_id = tenant);
    END IF;
    RETURN NULL;
END $$;
