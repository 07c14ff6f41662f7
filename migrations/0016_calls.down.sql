DROP TRIGGER record_attempt ON pressroom.steps;
DROP TRIGGER guard_attempt ON pressroom.steps;
DROP AGGREGATE pressroom.sum_histograms(bigint[]);
-- CASCADE drops the functions of the tables' rows with them.
DROP TABLE pressroom.usage_hours, pressroom.call_bodies, pressroom.calls, pressroom.attempts, pressroom.status_changes CASCADE;
DROP FUNCTION pressroom.remove_call_bodies, pressroom.kept_status, pressroom.told_statuses, pressroom.record_attempt,
    pressroom.attempt_changes, pressroom.call_changes, pressroom.roll_up_usage, pressroom.add_histograms, pressroom.duration_bucket;
