CREATE OR REPLACE FUNCTION pressroom.prune_events(tenant text, older_than timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    edge bigint;
    removed bigint;
BEGIN
    SELECT max(position) INTO edge FROM pressroom.events WHERE tenant_id = tenant AND created_at < older_than;
    IF edge IS NULL THEN RETURN 0; END IF;
    UPDATE pressroom.stream_heads SET pruned = greatest(pruned, edge) WHERE tenant_id = tenant;
    DELETE FROM pressroom.events WHERE tenant_id = tenant AND position <= edge;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
DROP FUNCTION pressroom.retire_events(text, timestamptz);
CREATE INDEX events_age ON pressroom.events (tenant_id, created_at);

DROP INDEX pressroom.tasks_parent;
DROP INDEX pressroom.tasks_workspace;
DROP INDEX pressroom.tasks_user;
DROP INDEX pressroom.tasks_conversation;
DROP INDEX pressroom.tasks_status;
DROP INDEX pressroom.tasks_workflow;
DROP INDEX pressroom.tasks_created;
CREATE INDEX tasks_workflow ON pressroom.tasks (tenant_id, workflow_name, task_id);
CREATE INDEX tasks_status ON pressroom.tasks (tenant_id, status, task_id);
CREATE INDEX tasks_conversation ON pressroom.tasks (tenant_id, (context ->> 'conversation_id'), task_id)
    WHERE context ->> 'conversation_id' IS NOT NULL;
