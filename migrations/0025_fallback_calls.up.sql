-- Steps that ask another model than their own, as that is down: so that each model's calls count for its own limit. A row
-- counts while its step runs the attempt; without a model, the step has a place under no limit and waits for one.

CREATE TABLE pressroom.fallback_calls (
    tenant_id text NOT NULL,
    step_id   uuid NOT NULL,
    attempt   integer NOT NULL,
    model     text COLLATE "C",
    PRIMARY KEY (tenant_id, step_id),
    FOREIGN KEY (tenant_id, step_id) REFERENCES pressroom.steps (tenant_id, id) ON DELETE CASCADE
);
