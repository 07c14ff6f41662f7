-- The lines that phases of kind log write: added to, never changed.

CREATE TABLE pressroom.logs (
    tenant_id  text NOT NULL,
    id         uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id    uuid NOT NULL,
    phase_id   uuid NOT NULL,
    step_id    uuid NOT NULL,
    level      text NOT NULL CHECK (level IN ('debug', 'info', 'warning', 'error')),
    message    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX logs_task ON pressroom.logs (tenant_id, task_id, id);

CREATE FUNCTION pressroom.log_json(r pressroom.logs) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'task_id', r.task_id,
        'phase_id', r.phase_id,
        'step_id', r.step_id,
        'level', r.level,
        'message', r.message,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.log_insertions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
    FOR c IN
        SELECT tenant_id, array_agg(ROW(task_id, 'log_appended',
                   json_build_object('log', pressroom.log_json(r)))::pressroom.change ORDER BY task_id, id) AS changes
          FROM changed r GROUP BY tenant_id ORDER BY tenant_id
    LOOP PERFORM pressroom.record_changes(c.tenant_id, c.changes); END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER events_on_insert AFTER INSERT ON pressroom.logs REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION pressroom.log_insertions();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.logs FOR EACH STATEMENT EXECUTE FUNCTION pressroom.refuse_change();
