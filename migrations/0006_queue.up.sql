-- How nodes share the work: which tasks and steps need a processor, and limits that hold over all nodes.

-- One row for each running node. Its heartbeat is the lease of every step that it runs.
CREATE TABLE pressroom.processors (
    id           uuid PRIMARY KEY DEFAULT pressroom.uuid_v7(),
    host         text NOT NULL,
    pid          integer NOT NULL,
    version      text, -- of the program
    started_at   timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now()
);

-- Tasks that a processor has to look at: new, resumed, retried, signalled, or with a timer that runs out.
CREATE TABLE pressroom.wakeups (
    tenant_id text NOT NULL,
    task_id   uuid NOT NULL,
    run_at    timestamptz NOT NULL DEFAULT now(),
    priority  integer NOT NULL DEFAULT 0, -- of a new task, so that it does not wait behind all others
    PRIMARY KEY (tenant_id, task_id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX wakeups_due ON pressroom.wakeups (tenant_id, run_at);
CREATE INDEX wakeups_urgent ON pressroom.wakeups (tenant_id, priority DESC, run_at) WHERE priority > 0;

-- Wake-ups that a transaction asks for while it may hold the tenant's head, when it must not wait for a row lock. Rows are
-- only added here, whereas a task has one row in wakeups. A processor turns the requests into wake-ups.
CREATE TABLE pressroom.wake_requests (
    tenant_id  text NOT NULL,
    id         bigint GENERATED ALWAYS AS IDENTITY,
    task_id    uuid NOT NULL,
    -- reread: rows that the task reads were changed by hand, also of a task that is over (0014_by_hand)
    action     text NOT NULL DEFAULT 'look' CHECK (action IN ('look', 'cancel', 'reread')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

-- A human task that is closed, or whose times move, wakes its task, whichever client changes it.
CREATE FUNCTION pressroom.ask_for_human_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pressroom.wake_requests (tenant_id, task_id) VALUES (NEW.tenant_id, NEW.task_id);
    RETURN NULL;
END $$;
CREATE TRIGGER wake AFTER UPDATE ON pressroom.human_tasks FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status IN ('completed', 'cancelled', 'expired')
          OR OLD.due_at IS DISTINCT FROM NEW.due_at OR OLD.reminder_at IS DISTINCT FROM NEW.reminder_at)
    EXECUTE FUNCTION pressroom.ask_for_human_task();

-- Ends the transaction when one of the tasks has a signal to take, or an event after the position given for it that is not
-- the transaction's own. It must come last: from its first event on the transaction holds the head, so that no other
-- transaction can append. Returns the log's position; null when the transaction has appended nothing
-- (docs/decisions/0025-known-graphs.md).
CREATE FUNCTION pressroom.confirm_unchanged(tenant text, task_ids uuid[], positions bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    first bigint := nullif(current_setting('pressroom.first_event', true), '');
BEGIN
    PERFORM 1 FROM unnest(task_ids, positions) AS known (task_id, position), LATERAL (
            SELECT FROM pressroom.events e
             WHERE e.tenant_id = tenant AND e.task_id = known.task_id AND e.position > known.position
               AND (first IS NULL OR e.position <= first)
             LIMIT 1) AS other;
    IF FOUND THEN
        RAISE EXCEPTION 'another transaction has changed a task' USING ERRCODE = 'serialization_failure';
    END IF;
    -- A signal has no event. One that comes after this look has a wake-up of its own.
    PERFORM 1 FROM pressroom.signals WHERE tenant_id = tenant AND task_id = ANY(task_ids) AND received_by IS NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'a task has a signal' USING ERRCODE = 'serialization_failure';
    END IF;
    IF first IS NOT NULL THEN
        RETURN (SELECT position FROM pressroom.stream_heads WHERE tenant_id = tenant);
    END IF;
    RETURN NULL;
END $$;

-- One row for each provider or model with a limit (docs/decisions/0020-fairness-and-limits.md): what is left to it of
-- requests and of tokens. The database's clock fills it again; its lock makes claims of the same model take turns. Below
-- zero is a debt, Infinity is full.
CREATE TABLE pressroom.model_rates (
    scope           text COLLATE "C" PRIMARY KEY, -- provider, or provider/model
    requests        double precision NOT NULL DEFAULT 'Infinity',
    tokens          double precision NOT NULL DEFAULT 'Infinity',
    tokens_per_call double precision, -- a moving mean; null before the first call
    refilled_at     timestamptz NOT NULL DEFAULT now()
);

-- The level of a rate's bucket now.
CREATE FUNCTION pressroom.refilled(
    level double precision, burst double precision, per_second double precision, since timestamptz
) RETURNS double precision
LANGUAGE sql VOLATILE AS $$
    SELECT least(burst, level + per_second * greatest(0, extract(epoch FROM clock_timestamp() - since))::double precision)
$$;

-- Steps that ask a fallback model because their own is down, so that each call counts for the limit of the model that it
-- asks. A row counts while its step runs the attempt. Without a model, the step has no slot yet and waits for one.
CREATE TABLE pressroom.fallback_calls (
    tenant_id text NOT NULL,
    step_id   uuid NOT NULL,
    attempt   integer NOT NULL,
    model     text COLLATE "C",
    PRIMARY KEY (tenant_id, step_id),
    FOREIGN KEY (tenant_id, step_id) REFERENCES pressroom.steps (tenant_id, id) ON DELETE CASCADE
);

-- Text while a model writes it, with the run that writes it, so that nodes can leave out their own texts and tell the
-- attempts of a step apart. Without an output it is no draft: the answer of an agent, a polished text, the reasons of a
-- judge. It is no state and lost in a crash, and so unlogged.
CREATE UNLOGGED TABLE pressroom.live_texts (
    tenant_id      text NOT NULL,
    -- Of the output or the step, of which one text is in progress at a time.
    text_id        uuid NOT NULL GENERATED ALWAYS AS (coalesce(output_id, step_id)) STORED,
    output_id      uuid,
    task_id        uuid NOT NULL,
    version_number integer,
    step_id        uuid NOT NULL,
    attempt        integer NOT NULL,
    processor_id   uuid NOT NULL,
    text           text NOT NULL,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, text_id),
    CHECK ((output_id IS NULL) = (version_number IS NULL))
);
CREATE INDEX live_texts_task ON pressroom.live_texts (tenant_id, task_id);
