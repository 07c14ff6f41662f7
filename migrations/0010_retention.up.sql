-- The end of the log that retention takes away, found at the same cost in a log of any length
-- (docs/decisions/0022-scale.md).

-- Marks events older than `older_than` as past retention, so that older cursors get a reset instead of a gap. Returns the
-- mark: the service removes all events up to it, in parts.
--
-- Events are in the order of their time, so the mark is found by halving, without an index on the time. The search begins at
-- the oldest event and goes on in steps that grow: mostly nothing is past retention, and one look is enough.
CREATE FUNCTION pressroom.retire_events(tenant text, older_than timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    mark bigint;
    low bigint;  -- nothing after the mark and up to here
    high bigint; -- everything after here is young
    step bigint := 1;
    middle bigint;
    near record;
BEGIN
    SELECT pruned, pruned, position INTO mark, low, high FROM pressroom.stream_heads WHERE tenant_id = tenant;
    -- Holes of deleted tasks at the beginning are passed over.
    SELECT e.position - 1 INTO middle FROM pressroom.events e
     WHERE e.tenant_id = tenant AND e.position > low ORDER BY e.position LIMIT 1;
    low := coalesce(middle, high);
    WHILE low < high LOOP
        middle := low + least(step, (high - low + 1) / 2);
        SELECT e.position, e.created_at < older_than AS is_old INTO near FROM pressroom.events e
         WHERE e.tenant_id = tenant AND e.position > low AND e.position <= middle ORDER BY e.position DESC LIMIT 1;
        IF NOT FOUND THEN
            low := middle;
        ELSIF near.is_old THEN
            mark := near.position;
            low := middle;
            step := step * 4;
        ELSE
            high := near.position - 1;
        END IF;
    END LOOP;
    UPDATE pressroom.stream_heads SET pruned = greatest(pruned, mark)
     WHERE tenant_id = tenant AND pruned < mark;
    RETURN mark;
END $$;
