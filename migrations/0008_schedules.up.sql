-- Schedules: which workflow starts when (docs/schedules.md). PostgreSQL keeps the times and the clock; the service computes
-- what a cron expression means.

CREATE TABLE pressroom.schedules (
    tenant_id        text NOT NULL REFERENCES pressroom.tenants,
    id               uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    workflow_name    text NOT NULL,
    workflow_version text, -- null: the latest active one at each firing
    cron             text NOT NULL,
    timezone         text NOT NULL DEFAULT 'UTC',
    misfire          text NOT NULL DEFAULT 'run_once' CHECK (misfire IN ('skip', 'run_once')),
    input            json NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(input::jsonb) = 'object'),
    config           json NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config::jsonb) = 'object'),
    context          jsonb NOT NULL, -- the execution context of its tasks, without task_id and trace_id, which each task gets
    priority         integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1000 AND 1000),
    enabled          boolean NOT NULL DEFAULT true,
    next_run_at      timestamptz, -- null and enabled: not planned yet, or last_error says why it cannot be
    last_run_at      timestamptz,
    last_task_id     uuid,
    last_error       json,
    version          bigint NOT NULL DEFAULT 1,
    created_by       text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX schedules_due ON pressroom.schedules (tenant_id, (coalesce(next_run_at, '-infinity'::timestamptz)))
    WHERE enabled AND (next_run_at IS NOT NULL OR last_error IS NULL);
CREATE INDEX schedules_workflow ON pressroom.schedules (tenant_id, workflow_name, id);
CREATE INDEX schedules_enabled ON pressroom.schedules (tenant_id, id) WHERE enabled; -- for lists: most may be off

SELECT pressroom.define_row_json('pressroom.schedules', 'schedule');

-- One row for each time that a task was started for. Its key refuses a second task for the same time.
CREATE TABLE pressroom.schedule_firings (
    tenant_id   text NOT NULL,
    schedule_id uuid NOT NULL,
    due_at      timestamptz NOT NULL,
    task_id     uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, schedule_id, due_at),
    FOREIGN KEY (tenant_id, schedule_id) REFERENCES pressroom.schedules ON DELETE CASCADE
);
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.schedule_firings FOR EACH STATEMENT
    EXECUTE FUNCTION pressroom.refuse('rows of schedule_firings are never changed');

CREATE FUNCTION pressroom.guard_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    -- The service plans the next time in the statement that changes these columns. After other clients it does so soon.
    IF (NEW.cron, NEW.timezone, NEW.enabled) IS DISTINCT FROM (OLD.cron, OLD.timezone, OLD.enabled)
       AND coalesce(current_setting('pressroom.events', true), '') <> 'immediate' THEN
        NEW.next_run_at := NULL;
        NEW.last_error := NULL;
    END IF;
    IF NOT NEW.enabled THEN NEW.next_run_at := NULL; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.schedules FOR EACH ROW EXECUTE FUNCTION pressroom.guard_schedule();
CREATE TRIGGER guard_origin BEFORE UPDATE ON pressroom.schedules FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.created_by, NEW.created_at)
          IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.created_by, OLD.created_at))
    EXECUTE FUNCTION pressroom.refuse('the tenant, id, author and creation time of a schedule do not change');
