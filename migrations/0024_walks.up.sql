-- Lists and retention that cost the same on tables of any size (docs/decisions/0022-scale.md).

-- Which tasks of a workflow failed, or run, without a look at all the others of it. The workflow's tasks of any status are
-- those of each status, merged. A task's move from one status to the next writes to every index of its table as it is, for
-- the sake of tasks_status.
DROP INDEX pressroom.tasks_workflow;
CREATE INDEX tasks_workflow ON pressroom.tasks (tenant_id, workflow_name, status, created_at, task_id);

-- As before, but the search begins at the oldest event and goes on in steps that grow: mostly nothing is past retention,
-- and one look is enough, in a log of any length.
CREATE OR REPLACE FUNCTION pressroom.retire_events(tenant text, older_than timestamptz) RETURNS bigint
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
    -- What was deleted at the beginning is passed over.
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
