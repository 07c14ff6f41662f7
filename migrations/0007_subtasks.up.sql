-- Tasks that a phase of another task started: one for each attempt of a step. Triggers tell parent and child of each
-- other's end, whichever client makes it.

CREATE TABLE pressroom.subtasks (
    tenant_id      text NOT NULL,
    parent_step_id uuid NOT NULL,
    attempt        integer NOT NULL,
    parent_task_id uuid NOT NULL,
    task_id        uuid NOT NULL,
    depth          integer NOT NULL CHECK (depth > 0), -- how many tasks are above it
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, parent_step_id, attempt),
    UNIQUE (tenant_id, task_id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX subtasks_parent ON pressroom.subtasks (tenant_id, parent_task_id);

-- The end of a child wakes its parent.
CREATE FUNCTION pressroom.tell_parent_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.wake_requests (tenant_id, task_id) VALUES (NEW.tenant_id, NEW.parent_task_id);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_parent AFTER UPDATE ON pressroom.tasks FOR EACH ROW
    WHEN (NEW.parent_task_id IS NOT NULL AND NEW.status <> OLD.status AND NEW.status IN ('completed', 'failed', 'cancelled'))
    EXECUTE FUNCTION pressroom.tell_parent_task();

-- So does the deletion of a child, whose end the parent may not have seen.
CREATE FUNCTION pressroom.lose_subtask() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.wake_requests (tenant_id, task_id) VALUES (OLD.tenant_id, OLD.parent_task_id);
    RETURN NULL;
END $$;
CREATE TRIGGER wake AFTER DELETE ON pressroom.subtasks FOR EACH ROW EXECUTE FUNCTION pressroom.lose_subtask();

-- Cancelling a task asks for the cancellation of its children.
CREATE FUNCTION pressroom.cancel_subtasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.wake_requests (tenant_id, task_id, action)
    SELECT s.tenant_id, s.task_id, 'cancel' FROM pressroom.subtasks s
     WHERE s.tenant_id = NEW.tenant_id AND s.parent_task_id = NEW.task_id ORDER BY s.task_id;
    RETURN NULL;
END $$;
CREATE TRIGGER cancel_subtasks AFTER UPDATE ON pressroom.tasks FOR EACH ROW
    WHEN (NEW.status = 'cancelled' AND OLD.status <> 'cancelled')
    EXECUTE FUNCTION pressroom.cancel_subtasks();
