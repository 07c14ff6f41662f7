-- Fair claims, and limits that hold over all nodes (docs/decisions/0020-fairness-and-limits.md).

-- The top-level `concurrency` of a definition. Not shown to clients, who see it in the definition.
ALTER TABLE pressroom.workflows
    ADD COLUMN concurrency integer GENERATED ALWAYS AS (nullif(definition -> 'concurrency', 'null')::integer) STORED;

-- A lane: the waiting steps that the same limits bind. A claim reads the best of each lane, so steps behind a limit are
-- never read on the way to others. It is the model, and behind a space (a model has none) the workflow, where that
-- limits its steps. Not shown to clients.
ALTER TABLE pressroom.steps
    ADD COLUMN limited_workflow text, -- the name, of a workflow with a concurrency
    ADD COLUMN lane text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (coalesce(model, '') || coalesce(' ' || limited_workflow, '')) STORED;

DROP INDEX pressroom.steps_claimable;
-- Steps without a time wait for a wake-up and not for a claim.
CREATE INDEX steps_waiting ON pressroom.steps (tenant_id, lane, priority DESC, run_at, id)
    WHERE status IN ('pending', 'retrying') AND run_at IS NOT NULL;

-- What runs: by tenant and lane for the limits of tenants and workflows; by model for those of models, which are the
-- service's and so not of one tenant.
DROP INDEX pressroom.steps_running;
CREATE INDEX steps_running ON pressroom.steps (tenant_id, processor_id, lane) WHERE status = 'running';
CREATE INDEX steps_running_model ON pressroom.steps ((model COLLATE "C")) WHERE status = 'running' AND model IS NOT NULL;

-- One row for each provider or model with a limit: what is left to it of requests and of tokens. Filled again by the
-- database's clock; its lock makes claims of the same model take turns. Below zero is a debt, Infinity is full.
CREATE TABLE pressroom.model_rates (
    scope           text COLLATE "C" PRIMARY KEY, -- provider, or provider/model
    requests        double precision NOT NULL DEFAULT 'Infinity',
    tokens          double precision NOT NULL DEFAULT 'Infinity',
    tokens_per_call double precision, -- a moving mean of what calls took; null before the first
    refilled_at     timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- What a bucket of a rate holds now.
CREATE FUNCTION pressroom.refilled(
    level double precision, burst double precision, per_second double precision, since timestamptz
) RETURNS double precision
LANGUAGE sql VOLATILE AS $$
    SELECT least(burst, level + per_second * greatest(0, extract(epoch FROM clock_timestamp() - since))::double precision)
$$;

-- New tasks with a priority do not wait behind all others.
ALTER TABLE pressroom.wakeups ADD COLUMN priority integer NOT NULL DEFAULT 0;
CREATE INDEX wakeups_urgent ON pressroom.wakeups (tenant_id, priority DESC, run_at) WHERE priority > 0;
