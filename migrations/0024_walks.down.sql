CREATE OR REPLACE FUNCTION pressroom.retire_events(tenant text, older_than timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    mark bigint;
    low bigint;  -- nothing after the mark and up to here
    high bigint; -- everything after here is young
    middle bigint;
    near record;
BEGIN
    SELECT pruned, pruned, position INTO mark, low, high FROM pressroom.stream_heads WHERE tenant_id = tenant;
    WHILE low < high LOOP
        middle := low + (high - low + 1) / 2;
        SELECT e.position, e.created_at < older_than AS is_old INTO near FROM pressroom.events e
         WHERE e.tenant_id = tenant AND e.position > low AND e.position <= middle ORDER BY e.position DESC LIMIT 1;
        IF NOT FOUND THEN
            low := middle;
        ELSIF near.is_old THEN
            mark := near.position;
            low := middle;
        ELSE
            high := near.position - 1;
        END IF;
    END LOOP;
    UPDATE pressroom.stream_heads SET pruned = greatest(pruned, mark)
     WHERE tenant_id = tenant AND pruned < mark;
    RETURN mark;
END $$;

DROP INDEX pressroom.tasks_workflow;
CREATE INDEX tasks_workflow ON pressroom.tasks (tenant_id, workflow_name, created_at, task_id);
