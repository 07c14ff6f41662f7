-- The tables of a tenant carry tenant_id, leading in keys and indexes, so that the schema can be distributed by it.

CREATE TABLE pressroom.tenants (
    tenant_id  text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pressroom.workflows (
    tenant_id    text NOT NULL REFERENCES pressroom.tenants,
    id           uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    workspace_id uuid,
    name         text NOT NULL,
    version      text NOT NULL,
    version_sort text COLLATE "C" NOT NULL, -- orders as semantic versions do; not shown to clients
    description  text,
    definition   jsonb NOT NULL,
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
    config              jsonb NOT NULL DEFAULT '{}',
    context             jsonb NOT NULL,
    input               jsonb NOT NULL DEFAULT '{}',
    accumulated_context jsonb NOT NULL DEFAULT '{}',
    result              jsonb,
    progress            double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    priority            integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1000 AND 1000),
    parent_task_id      uuid,
    forked_from_task_id uuid,
    idempotency_key     text,
    error               jsonb,
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
    PRIMARY KEY (tenant_id, task_id),
    FOREIGN KEY (tenant_id, workflow_id) REFERENCES pressroom.workflows
);
CREATE INDEX tasks_workflow ON pressroom.tasks (tenant_id, workflow_name, task_id);
CREATE INDEX tasks_status ON pressroom.tasks (tenant_id, status, task_id);
CREATE INDEX tasks_conversation ON pressroom.tasks (tenant_id, (context ->> 'conversation_id'), task_id)
    WHERE context ->> 'conversation_id' IS NOT NULL;

CREATE TABLE pressroom.phases (
    tenant_id    text NOT NULL,
    id           uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id      uuid NOT NULL,
    key          text NOT NULL,
    kind         text NOT NULL,
    ordinal      integer NOT NULL,
    status       text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'waiting', 'completed', 'failed', 'skipped', 'cancelled')),
    needs        text[] NOT NULL DEFAULT '{}',
    iteration    integer NOT NULL DEFAULT 0,
    input        jsonb,
    output       jsonb,
    error        jsonb,
    version      bigint NOT NULL DEFAULT 1,
    started_at   timestamptz,
    completed_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, task_id, key),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);

CREATE TABLE pressroom.outputs (
    tenant_id         text NOT NULL,
    id                uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id           uuid NOT NULL,
    track             text NOT NULL,
    status            text NOT NULL DEFAULT 'pending_write'
        CHECK (status IN ('pending_write', 'writing', 'pending_edit', 'editing', 'pending_rewrite', 'rewriting',
                          'approved', 'max_cycles_reached', 'failed')),
    writer            jsonb,
    editor            jsonb,
    content           text,
    version_number    integer NOT NULL DEFAULT 0,
    edit_cycle        integer NOT NULL DEFAULT 0,
    editor_feedback   text,
    editor_approved   boolean,
    initial_avg_score double precision,
    initial_rank      integer,
    is_finalist       boolean NOT NULL DEFAULT false,
    final_total_score double precision,
    final_rank        integer,
    usage             jsonb NOT NULL DEFAULT '{}',
    error             jsonb,
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
    version_number integer NOT NULL,
    action         text NOT NULL CHECK (action IN ('write', 'edit', 'rewrite')),
    agent          jsonb,
    content        text NOT NULL,
    feedback       text,
    usage          jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, output_id, version_number),
    FOREIGN KEY (tenant_id, output_id) REFERENCES pressroom.outputs ON DELETE CASCADE
);
CREATE INDEX output_versions_task ON pressroom.output_versions (tenant_id, task_id, id);

CREATE TABLE pressroom.steps (
    tenant_id    text NOT NULL,
    id           uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id      uuid NOT NULL,
    phase_id     uuid NOT NULL,
    output_id    uuid,
    kind         text NOT NULL,
    agent        text,
    model        text, -- provider/model: what the claim counts for a provider's concurrency
    sequence     integer NOT NULL,
    status       text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'waiting', 'retrying', 'completed', 'failed', 'skipped', 'cancelled')),
    attempt      integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 3,
    priority     integer NOT NULL DEFAULT 0,
    run_at       timestamptz DEFAULT now(), -- null: not before something wakes it
    processor_id uuid,
    input        jsonb NOT NULL DEFAULT '{}',
    output       jsonb,
    error        jsonb,
    version      bigint NOT NULL DEFAULT 1,
    started_at   timestamptz,
    completed_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX steps_task ON pressroom.steps (tenant_id, task_id, sequence);
CREATE INDEX steps_claimable ON pressroom.steps (tenant_id, priority DESC, run_at, id)
    WHERE status IN ('pending', 'retrying');
CREATE INDEX steps_running ON pressroom.steps (tenant_id, processor_id) WHERE status = 'running';

CREATE TABLE pressroom.evaluations (
    tenant_id       text NOT NULL,
    id              uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id         uuid NOT NULL,
    phase_id        uuid NOT NULL,
    step_id         uuid NOT NULL,
    output_id       uuid NOT NULL,
    stage           text NOT NULL CHECK (stage IN ('initial', 'final')),
    evaluator       jsonb NOT NULL,
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    score           double precision,
    criteria_scores jsonb,
    reasoning       text,
    rank            integer,
    weighted_score  double precision,
    usage           jsonb NOT NULL DEFAULT '{}',
    error           jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, step_id, output_id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX evaluations_task ON pressroom.evaluations (tenant_id, task_id, id);

CREATE TABLE pressroom.rankings (
    tenant_id          text NOT NULL,
    id                 uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id            uuid NOT NULL,
    phase_id           uuid NOT NULL,
    stage              text NOT NULL CHECK (stage IN ('initial', 'final')),
    method             text NOT NULL,
    entries            jsonb NOT NULL,
    agreement          double precision CHECK (agreement BETWEEN 0 AND 1),
    evaluations_counted integer NOT NULL DEFAULT 0,
    evaluations_failed  integer NOT NULL DEFAULT 0, -- left out of the aggregation, never replaced by a guess
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, phase_id),
    FOREIGN KEY (tenant_id, phase_id) REFERENCES pressroom.phases ON DELETE CASCADE
);
CREATE INDEX rankings_task ON pressroom.rankings (tenant_id, task_id, id);

-- Signals wait here until a signal phase takes them; so one that comes early is kept.
CREATE TABLE pressroom.signals (
    tenant_id   text NOT NULL,
    id          uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    task_id     uuid NOT NULL,
    name        text NOT NULL,
    data        jsonb NOT NULL,
    received_by uuid, -- the step that took it
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX signals_task ON pressroom.signals (tenant_id, task_id, id);

-- Tasks a processor has to look at: new, resumed, retried, signalled, or with a timer that runs out.
CREATE TABLE pressroom.wakeups (
    tenant_id text NOT NULL,
    task_id   uuid NOT NULL,
    run_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, task_id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES pressroom.tasks ON DELETE CASCADE
);
CREATE INDEX wakeups_due ON pressroom.wakeups (tenant_id, run_at);

-- One row for each running node. Its heartbeat is the lease of every step that it runs.
CREATE TABLE pressroom.processors (
    id           uuid PRIMARY KEY DEFAULT pressroom.uuid_v7(),
    host         text NOT NULL,
    pid          integer NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now()
);

-- Text while a model writes it: no state, lost in a crash, and so unlogged.
CREATE UNLOGGED TABLE pressroom.live_texts (
    tenant_id      text NOT NULL,
    output_id      uuid NOT NULL,
    task_id        uuid NOT NULL,
    version_number integer NOT NULL,
    text           text NOT NULL,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, output_id)
);
CREATE INDEX live_texts_task ON pressroom.live_texts (tenant_id, task_id);

CREATE TABLE pressroom.idempotency_keys (
    tenant_id  text NOT NULL REFERENCES pressroom.tenants,
    key        text NOT NULL,
    request    text NOT NULL, -- method, path and a hash of the body
    status     integer NOT NULL,
    location   text,
    response   text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_age ON pressroom.idempotency_keys (created_at);
