DROP INDEX pressroom.wakeups_urgent;
ALTER TABLE pressroom.wakeups DROP COLUMN priority;
DROP FUNCTION pressroom.refilled(double precision, double precision, double precision, timestamptz);
DROP TABLE pressroom.model_rates;
DROP INDEX pressroom.steps_running_model, pressroom.steps_running, pressroom.steps_waiting;
ALTER TABLE pressroom.steps DROP COLUMN lane, DROP COLUMN limited_workflow;
ALTER TABLE pressroom.workflows DROP COLUMN concurrency;
CREATE INDEX steps_claimable ON pressroom.steps (tenant_id, priority DESC, run_at, id)
    WHERE status IN ('pending', 'retrying');
CREATE INDEX steps_running ON pressroom.steps (tenant_id, processor_id) WHERE status = 'running';
