-- Steps that wait for a person, and what wakes a task from another transaction.

CREATE TABLE pressroom.human_tasks (
    tenant_id      text NOT NULL,
    id             uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id        uuid NOT NULL,
    step_id        uuid NOT NULL,
    title          text NOT NULL,
    description    text,
    form_schema    jsonb,
    assignee_id    text,
    assignee_group text,
    due_at         timestamptz,
    reminder_at    timestamptz,
    reminded_at    timestamptz, -- when reminder_at was seen to have passed
    status         text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'claimed', 'completed', 'cancelled', 'expired')),
    claimed_by     text,
    response       jsonb,
    completed_by   text,
    completed_at   timestamptz,
    version        bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX human_tasks_task ON pressroom.human_tasks (tenant_id, task_id, id);
CREATE INDEX human_tasks_status ON pressroom.human_tasks (tenant_id, status, id);

INSERT INTO pressroom.transitions (entity, from_status, to_status) VALUES
    ('human_task', 'pending', 'claimed'),
    ('human_task', 'pending', 'completed'),
    ('human_task', 'pending', 'cancelled'),
    ('human_task', 'pending', 'expired'),
    ('human_task', 'claimed', 'pending'),
    ('human_task', 'claimed', 'completed'),
    ('human_task', 'claimed', 'cancelled'),
    ('human_task', 'claimed', 'expired');

CREATE FUNCTION pressroom.human_task_json(r pressroom.human_tasks) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'step_id', r.step_id,
        'title', r.title,
        'description', r.description,
        'form_schema', r.form_schema,
        'assignee_id', r.assignee_id,
        'assignee_group', r.assignee_group,
        'due_at', pressroom.iso(r.due_at),
        'reminder_at', pressroom.iso(r.reminder_at),
        'reminded_at', pressroom.iso(r.reminded_at),
        'status', r.status,
        'claimed_by', r.claimed_by,
        'response', r.response,
        'completed_by', r.completed_by,
        'completed_at', pressroom.iso(r.completed_at),
        'version', r.version,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.human_task_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'human_task_updated',
                   json_build_object('human_task', pressroom.human_task_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER events_on_insert AFTER INSERT ON pressroom.human_tasks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION pressroom.human_task_changes();
CREATE TRIGGER events_on_update AFTER UPDATE ON pressroom.human_tasks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION pressroom.human_task_changes();

CREATE FUNCTION pressroom.guard_human_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('human_task', OLD.status, NEW.status);
        NEW.completed_at := CASE WHEN NEW.status = 'completed' THEN now() END;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.human_tasks FOR EACH ROW EXECUTE FUNCTION pressroom.guard_human_task();

-- Tasks that a transaction wants looked at, which may hold the tenant's head already and so must wait for nobody: rows
-- are only ever added, unlike in wakeups, where one task has one row. A processor turns them into wake-ups.
CREATE TABLE pressroom.wake_requests (
    tenant_id  text NOT NULL,
    id         bigint GENERATED ALWAYS AS IDENTITY,
    task_id    uuid NOT NULL,
    action     text NOT NULL DEFAULT 'look' CHECK (action IN ('look', 'cancel')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

-- Whoever closes a human task or moves its times, be it in psql: the processor looks at the task.
CREATE FUNCTION pressroom.ask_for_human_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.wake_requests (tenant_id, task_id) VALUES (NEW.tenant_id, NEW.task_id);
    RETURN NULL;
END $$;
CREATE TRIGGER wake AFTER UPDATE ON pressroom.human_tasks FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status IN ('completed', 'cancelled', 'expired')
          OR OLD.due_at IS DISTINCT FROM NEW.due_at OR OLD.reminder_at IS DISTINCT FROM NEW.reminder_at)
    EXECUTE FUNCTION pressroom.ask_for_human_task();
