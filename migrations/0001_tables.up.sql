-- The tables of the product. Every table of a tenant has tenant_id, which leads its keys and indexes, so that the schema
-- can be distributed by it. The order of the columns is the order of the members in events and answers (0004_rows).
--
-- JSON is kept as json, which keeps the order of members and the digits of numbers, and is cheaper to write and to send
-- (docs/decisions/0026-order-of-members.md). Only execution contexts are jsonb, because indexes and every event look into
-- them. json lets pass what jsonb, and the service, refuse: U+0000 and lone surrogates. The service's sets of rows are
-- checked as json_to_recordset reads them; rows of other clients where a CHECK casts to jsonb, here and in pending_events.

-- RFC 9562, section 5.7: 48 bits of Unix milliseconds over a random (version 4) UUID.
CREATE FUNCTION pressroom.uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid
$$;

-- Names are in normal form C: programs that compare texts by canonical equivalence would take two others for one tenant.
CREATE TABLE pressroom.tenants (
    tenant_id           text PRIMARY KEY CHECK (tenant_id ~ '^[^[:cntrl:]]{1,128}$' AND tenant_id IS NORMALIZED),
    status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    -- Limits of the tenant's own; null: as the service's settings say.
    max_steps           integer CHECK (max_steps BETWEEN 1 AND 1000000), -- at a time, over all nodes
    max_streams         integer CHECK (max_streams BETWEEN 1 AND 1000000), -- at a time, on each node
    requests_per_minute integer CHECK (requests_per_minute BETWEEN 1 AND 10000000), -- of all its users, on each node
    events_retention    integer CHECK (events_retention BETWEEN 60 AND 315360000), -- seconds
    calls_retention     integer CHECK (calls_retention BETWEEN 60 AND 315360000), -- of requests and responses, in seconds
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now()
);
-- Claims look for the tenants that have a limit.
CREATE INDEX tenants_max_steps ON pressroom.tenants (tenant_id) INCLUDE (max_steps) WHERE max_steps IS NOT NULL;
INSERT INTO pressroom.tenants (tenant_id) VALUES ('default');

CREATE TABLE pressroom.workflows (
    tenant_id    text NOT NULL REFERENCES pressroom.tenants,
    id           uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    workspace_id uuid,
    name         text NOT NULL,
    version      text NOT NULL,
    version_sort text COLLATE "C" NOT NULL, -- sorts as semantic versions do; hidden from clients
    description  text,
    definition   json NOT NULL CHECK (definition::jsonb IS NOT NULL),
    concurrency  integer -- hidden from clients, who see it in the definition
        GENERATED ALWAYS AS ((definition ->> 'concurrency')::numeric::integer) STORED,
    status       text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived')),
    is_public    boolean NOT NULL DEFAULT false,
    category     text,
    tags         text[] NOT NULL DEFAULT '{}',
    created_by   text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name, version)
);
CREATE INDEX workflows_latest ON pressroom.workflows (tenant_id, name, version_sort DESC);
CREATE INDEX workflows_name ON pressroom.workflows (tenant_id, name, id); -- for lists

CREATE TABLE pressroom.tasks (
    tenant_id           text NOT NULL REFERENCES pressroom.tenants,
    task_id             uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    workspace_id        uuid,
    workflow_id         uuid NOT NULL,
    workflow_name       text NOT NULL,
    workflow_version    text NOT NULL,
    status              text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled')),
    phase               text,
    config              json NOT NULL DEFAULT '{}',
    context             jsonb NOT NULL,
    input               json NOT NULL DEFAULT '{}',
    result              json,
    usage               json NOT NULL DEFAULT '{}', -- of its model calls: tokens, and cost where prices are configured
    progress            double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    priority            integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1000 AND 1000),
    parent_task_id      uuid,
    forked_from_task_id uuid,
    idempotency_key     text,
    error               json,
    version             bigint NOT NULL DEFAULT 1,
    created_by          text,
    run_at              timestamptz,
    started_at          timestamptz,
    paused_at           timestamptz,
    completed_at        timestamptz,
    failed_at           timestamptz,
    cancelled_at        timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    -- What lists filter by is a column: under a policy (0013_access) neither `->>`, which is not leakproof, nor coalesce()
    -- uses an index. All three are hidden from clients, who see them in the context and as times.
    conversation_id     text GENERATED ALWAYS AS (context ->> 'conversation_id') STORED,
    user_id             text GENERATED ALWAYS AS (context ->> 'user_id') STORED,
    ended_at            timestamptz GENERATED ALWAYS AS (coalesce(completed_at, failed_at, cancelled_at)) STORED,
    PRIMARY KEY (tenant_id, task_id),
    FOREIGN KEY (tenant_id, workflow_id) REFERENCES pressroom.workflows
);
-- Lists are ordered by creation, so the index of each filter ends in it: a page continues where the one before ended, and
-- `since` and `until` are its bounds (docs/decisions/0022-scale.md).
CREATE INDEX tasks_created ON pressroom.tasks (tenant_id, created_at, task_id);
CREATE INDEX tasks_status ON pressroom.tasks (tenant_id, status, created_at, task_id);
-- A workflow's tasks of any status are those of each status, merged.
CREATE INDEX tasks_workflow ON pressroom.tasks (tenant_id, workflow_name, status, created_at, task_id);
CREATE INDEX tasks_conversation ON pressroom.tasks (tenant_id, conversation_id, created_at, task_id)
    WHERE conversation_id IS NOT NULL;
CREATE INDEX tasks_user ON pressroom.tasks (tenant_id, user_id, created_at, task_id)
    WHERE user_id IS NOT NULL;
CREATE INDEX tasks_workspace ON pressroom.tasks (tenant_id, workspace_id, created_at, task_id)
    WHERE workspace_id IS NOT NULL;
CREATE INDEX tasks_parent ON pressroom.tasks (tenant_id, parent_task_id, created_at, task_id)
    WHERE parent_task_id IS NOT NULL;
-- What ended lately. A task's row gets into it once.
CREATE INDEX tasks_ended ON pressroom.tasks (tenant_id, ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE pressroom.phases (
    tenant_id    text NOT NULL,
    id           uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id      uuid NOT NULL,
    key          text NOT NULL,
    kind         text NOT NULL,
    ordinal      integer NOT NULL CHECK (ordinal >= 0),
    status       text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'waiting', 'completed', 'failed', 'skipped', 'cancelled')),
    needs        text[] NOT NULL DEFAULT '{}',
    iteration    integer NOT NULL DEFAULT 0 CHECK (iteration >= 0),
    input        json,
    output       json, -- an editorial phase names its outputs, whose rows have the texts (0014_by_hand)
    error        json,
    version      bigint NOT NULL DEFAULT 1,
    started_at   timestamptz,
    completed_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    place        integer CHECK (place >= 0), -- among the completed phases of the task, from 0: step_<n>_output; hidden from clients
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, task_id, key),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);

CREATE TABLE pressroom.steps (
    tenant_id    text NOT NULL,
    id           uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id      uuid NOT NULL,
    phase_id     uuid NOT NULL,
    output_id    uuid,
    kind         text NOT NULL,
    agent        text,
    model        text, -- provider/model, for the limits of providers and models
    -- The queue of a step is the steps that the same limits bind: its model and, after a space (a model has none), its
    -- workflow if that has a concurrency. A claim reads the best steps of each queue, so it never reads the steps behind
    -- a limit on the way to others. Both columns are hidden from clients.
    limited_workflow text, -- the name, of a workflow with a concurrency
    queue        text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (coalesce(model, '') || coalesce(' ' || limited_workflow, '')) STORED,
    sequence     integer NOT NULL CHECK (sequence >= 0),
    status       text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'waiting', 'retrying', 'completed', 'failed', 'skipped', 'cancelled')),
    attempt      integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    max_attempts integer NOT NULL DEFAULT 3 CHECK (max_attempts >= 0),
    priority     integer NOT NULL DEFAULT 0,
    run_at       timestamptz DEFAULT now(), -- null: the step waits for a wake-up, not for a claim
    processor_id uuid,
    input        json NOT NULL DEFAULT '{}',
    output       json,
    error        json,
    version      bigint NOT NULL DEFAULT 1,
    started_at   timestamptz,
    completed_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX steps_task ON pressroom.steps (tenant_id, task_id, sequence);
CREATE INDEX steps_waiting ON pressroom.steps (tenant_id, queue, priority DESC, run_at, id)
    WHERE status IN ('pending', 'retrying') AND run_at IS NOT NULL;
-- Those that failed are looked for among many that did not.
CREATE INDEX steps_failed ON pressroom.steps (tenant_id, id) WHERE status = 'failed';
-- Running steps are counted by tenant and queue for the limits of tenants and workflows, and by model for those of
-- models, which all tenants share.
CREATE INDEX steps_running ON pressroom.steps (tenant_id, processor_id, queue) WHERE status = 'running';
CREATE INDEX steps_running_model ON pressroom.steps ((model COLLATE "C")) WHERE status = 'running' AND model IS NOT NULL;

CREATE TABLE pressroom.outputs (
    tenant_id         text NOT NULL,
    id                uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id           uuid NOT NULL,
    track             text NOT NULL,
    status            text NOT NULL DEFAULT 'pending_write'
        CHECK (status IN ('pending_write', 'writing', 'pending_edit', 'editing', 'pending_rewrite', 'rewriting',
                          'approved', 'max_cycles_reached', 'failed')),
    writer            json,
    editor            json,
    content           text,
    version_number    integer NOT NULL DEFAULT 0 CHECK (version_number >= 0),
    edit_cycle        integer NOT NULL DEFAULT 0 CHECK (edit_cycle >= 0),
    editor_feedback   text,
    editor_approved   boolean,
    initial_avg_score double precision CHECK (abs(initial_avg_score) < 'Infinity'),
    initial_rank      integer CHECK (initial_rank > 0),
    is_finalist       boolean NOT NULL DEFAULT false,
    final_total_score double precision CHECK (abs(final_total_score) < 'Infinity'),
    final_rank        integer CHECK (final_rank > 0),
    edited_by         text, -- who changed the content by hand; null of a model's
    finish_reason     text, -- why the model ended the content: stop, length and pause (cut), or the provider's word
    usage             json NOT NULL DEFAULT '{}',
    error             json,
    version           bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX outputs_task ON pressroom.outputs (tenant_id, task_id, id);

CREATE TABLE pressroom.output_versions (
    tenant_id      text NOT NULL,
    id             uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    output_id      uuid NOT NULL,
    task_id        uuid NOT NULL,
    version_number integer NOT NULL CHECK (version_number > 0),
    action         text NOT NULL CHECK (action IN ('write', 'edit', 'rewrite', 'manual')), -- manual: a change by hand
    agent          json, -- of a change by hand {"actor": …}
    content        text NOT NULL,
    feedback       text,
    finish_reason  text, -- as on outputs
    usage          json NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, output_id, version_number),
    FOREIGN KEY (tenant_id, output_id) REFERENCES pressroom.outputs ON DELETE CASCADE
);
CREATE INDEX output_versions_task ON pressroom.output_versions (tenant_id, task_id, id);

CREATE TABLE pressroom.evaluations (
    tenant_id       text NOT NULL,
    id              uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id         uuid NOT NULL,
    phase_id        uuid NOT NULL,
    step_id         uuid NOT NULL,
    output_id       uuid NOT NULL,
    stage           text NOT NULL CHECK (stage IN ('initial', 'final')),
    evaluator       json NOT NULL,
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    score           double precision CHECK (abs(score) < 'Infinity'),
    criteria_scores json,
    reasoning       text,
    rank            integer CHECK (rank > 0),
    weighted_score  double precision CHECK (abs(weighted_score) < 'Infinity'),
    usage           json NOT NULL DEFAULT '{}',
    error           json,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, step_id, output_id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX evaluations_task ON pressroom.evaluations (tenant_id, task_id, id);

CREATE TABLE pressroom.rankings (
    tenant_id           text NOT NULL,
    id                  uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id             uuid NOT NULL,
    phase_id            uuid NOT NULL,
    stage               text NOT NULL CHECK (stage IN ('initial', 'final')),
    method              text NOT NULL,
    entries             json NOT NULL,
    agreement           double precision CHECK (agreement BETWEEN 0 AND 1),
    evaluations_counted integer NOT NULL DEFAULT 0 CHECK (evaluations_counted >= 0),
    evaluations_failed  integer NOT NULL DEFAULT 0 CHECK (evaluations_failed >= 0), -- left out of the aggregation, never replaced by a guess
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, phase_id),
    FOREIGN KEY (tenant_id, phase_id) REFERENCES pressroom.phases ON DELETE CASCADE
);
CREATE INDEX rankings_task ON pressroom.rankings (tenant_id, task_id, id);

-- Steps that wait for a person.
CREATE TABLE pressroom.human_tasks (
    tenant_id      text NOT NULL,
    id             uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id        uuid NOT NULL,
    step_id        uuid NOT NULL,
    title          text NOT NULL,
    description    text,
    form_schema    json,
    assignee_id    text,
    assignee_group text,
    due_at         timestamptz,
    reminder_at    timestamptz,
    reminded_at    timestamptz, -- when a processor saw that reminder_at had passed
    status         text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'claimed', 'completed', 'cancelled', 'expired')),
    claimed_by     text,
    response       json,
    completed_by   text,
    completed_at   timestamptz,
    version        bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    rendered       text, -- a hash of the title and description as they were rendered last; hidden from clients
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX human_tasks_task ON pressroom.human_tasks (tenant_id, task_id, id);
CREATE INDEX human_tasks_status ON pressroom.human_tasks (tenant_id, status, id);

-- The lines that phases of kind log write, and those of the service: about a retry, a lost processor, a limit, …
CREATE TABLE pressroom.logs (
    tenant_id  text NOT NULL,
    id         uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id    uuid NOT NULL,
    phase_id   uuid,
    step_id    uuid,
    level      text NOT NULL CHECK (level IN ('debug', 'info', 'warning', 'error')),
    message    text NOT NULL,
    metadata   json NOT NULL DEFAULT '{}', -- a line of the service has a code, which says what it is about
    at         timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX logs_task ON pressroom.logs (tenant_id, task_id, id);

-- A signal waits here until a signal phase takes it, so one that comes early is kept.
CREATE TABLE pressroom.signals (
    tenant_id   text NOT NULL,
    id          uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id     uuid NOT NULL,
    name        text NOT NULL,
    data        json NOT NULL CHECK (data::jsonb IS NOT NULL),
    received_by uuid, -- the step that took it
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX signals_task ON pressroom.signals (tenant_id, task_id, id);

-- Keys are of one user: two users may use the same, and neither gets the other's response.
CREATE TABLE pressroom.idempotency_keys (
    tenant_id   text NOT NULL REFERENCES pressroom.tenants,
    user_id     text NOT NULL,
    key         text NOT NULL,
    request     text NOT NULL, -- method, path and query, and a hash of the body
    status      integer NOT NULL,
    location    text,
    response    text NOT NULL, -- without secrets
    created_at  timestamptz NOT NULL DEFAULT now(),
    workflow_id uuid, -- the workflow that it is about: the response is for those who see that
    task_id     uuid, -- the task that it is about, with which it is removed
    PRIMARY KEY (tenant_id, user_id, key)
);
CREATE INDEX idempotency_keys_age ON pressroom.idempotency_keys (created_at);
CREATE INDEX idempotency_keys_task ON pressroom.idempotency_keys (tenant_id, task_id) WHERE task_id IS NOT NULL;
