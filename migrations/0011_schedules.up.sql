-- Schedules: which workflow starts when. PostgreSQL keeps the times and the clock; what an expression means, the
-- service works out (docs/schedules.md).

CREATE TABLE pressroom.schedules (
    tenant_id        text NOT NULL REFERENCES pressroom.tenants,
    id               uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    workflow_name    text NOT NULL,
    workflow_version text, -- null: the latest active one at each firing
    cron             text NOT NULL,
    timezone         text NOT NULL DEFAULT 'UTC',
    misfire          text NOT NULL DEFAULT 'run_once' CHECK (misfire IN ('skip', 'run_once')),
    input            jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(input) = 'object'),
    config           jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    context          jsonb NOT NULL, -- the execution context of its tasks, but for task_id and trace_id, which each gets
    priority         integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1000 AND 1000),
    enabled          boolean NOT NULL DEFAULT true,
    next_run_at      timestamptz, -- null and enabled: to be worked out, unless last_error says why it cannot
    last_run_at      timestamptz,
    last_task_id     uuid,
    last_error       jsonb,
    version          bigint NOT NULL DEFAULT 1,
    created_by       text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX schedules_due ON pressroom.schedules (tenant_id, (coalesce(next_run_at, '-infinity'::timestamptz)))
    WHERE enabled AND (next_run_at IS NOT NULL OR last_error IS NULL);
CREATE INDEX schedules_workflow ON pressroom.schedules (tenant_id, workflow_name, id);

-- One row for each time that a task was started for. Its key is what no second task for a time gets past.
CREATE TABLE pressroom.schedule_firings (
    tenant_id   text NOT NULL,
    schedule_id uuid NOT NULL,
    due_at      timestamptz NOT NULL,
    task_id     uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, schedule_id, due_at),
    FOREIGN KEY (tenant_id, schedule_id) REFERENCES pressroom.schedules ON DELETE CASCADE
);

CREATE FUNCTION pressroom.schedule_json(r pressroom.schedules) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'tenant_id', r.tenant_id,
        'id', r.id,
        'workflow_name', r.workflow_name,
        'workflow_version', r.workflow_version,
        'cron', r.cron,
        'timezone', r.timezone,
        'misfire', r.misfire,
        'input', r.input,
        'config', r.config,
        'context', r.context,
        'priority', r.priority,
        'enabled', r.enabled,
        'next_run_at', pressroom.iso(r.next_run_at),
        'last_run_at', pressroom.iso(r.last_run_at),
        'last_task_id', r.last_task_id,
        'last_error', r.last_error,
        'version', r.version,
        'created_by', r.created_by,
        'created_at', pressroom.iso(r.created_at),
        'updated_at', pressroom.iso(r.updated_at))
$$;

CREATE FUNCTION pressroom.guard_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF (NEW.tenant_id, NEW.id, NEW.created_by, NEW.created_at) IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.created_by, OLD.created_at) THEN
        RAISE EXCEPTION 'whose a schedule is does not change' USING ERRCODE = 'check_violation';
    END IF;
    -- The service plans the next time in the statement that changes these. For everybody else it does so soon after.
    IF (NEW.cron, NEW.timezone, NEW.enabled) IS DISTINCT FROM (OLD.cron, OLD.timezone, OLD.enabled)
       AND coalesce(current_setting('pressroom.events', true), '') <> 'immediate' THEN
        NEW.next_run_at := NULL;
        NEW.last_error := NULL;
    END IF;
    IF NOT NEW.enabled THEN NEW.next_run_at := NULL; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.schedules FOR EACH ROW EXECUTE FUNCTION pressroom.guard_schedule();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.schedule_firings FOR EACH STATEMENT EXECUTE FUNCTION pressroom.refuse_change();
