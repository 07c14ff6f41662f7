-- What a page of tasks and a round of retention cost does not grow with the tables (docs/decisions/0022-scale.md).

-- Lists are ordered by creation, so every filter's index ends in it: a page is a walk from where the one before ended,
-- and `since` and `until` are its bounds.
DROP INDEX pressroom.tasks_workflow;
DROP INDEX pressroom.tasks_status;
DROP INDEX pressroom.tasks_conversation;
CREATE INDEX tasks_created ON pressroom.tasks (tenant_id, created_at, task_id);
CREATE INDEX tasks_workflow ON pressroom.tasks (tenant_id, workflow_name, created_at, task_id);
CREATE INDEX tasks_status ON pressroom.tasks (tenant_id, status, created_at, task_id);
CREATE INDEX tasks_conversation ON pressroom.tasks (tenant_id, (context ->> 'conversation_id'), created_at, task_id)
    WHERE context ->> 'conversation_id' IS NOT NULL;
CREATE INDEX tasks_user ON pressroom.tasks (tenant_id, (context ->> 'user_id'), created_at, task_id)
    WHERE context ->> 'user_id' IS NOT NULL;
CREATE INDEX tasks_workspace ON pressroom.tasks (tenant_id, workspace_id, created_at, task_id)
    WHERE workspace_id IS NOT NULL;
CREATE INDEX tasks_parent ON pressroom.tasks (tenant_id, parent_task_id, created_at, task_id)
    WHERE parent_task_id IS NOT NULL;

-- A log's events are in the order of their time, so what is past retention is found by halving, without an index.
DROP INDEX pressroom.events_age;

-- Marks what is older as past retention, so that older cursors get a reset instead of a gap. Answers the mark: all
-- events up to it are to be removed. Holes (of deleted tasks) are passed over.
CREATE FUNCTION pressroom.retire_events(tenant text, older_than timestamptz) RETURNS bigint
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

-- All of it at once; the service removes the events in parts.
CREATE OR REPLACE FUNCTION pressroom.prune_events(tenant text, older_than timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    mark bigint := pressroom.retire_events(tenant, older_than);
    removed bigint;
BEGIN
    DELETE FROM pressroom.events WHERE tenant_id = tenant AND position <= mark;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
