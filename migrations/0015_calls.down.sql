DROP TRIGGER record_attempt ON pressroom.steps;
DROP TABLE pressroom.call_bodies, pressroom.calls, pressroom.attempts, pressroom.status_changes CASCADE;
DROP FUNCTION pressroom.remove_call_bodies, pressroom.kept_status, pressroom.told_statuses, pressroom.record_attempt,
    pressroom.attempt_changes, pressroom.call_changes;
