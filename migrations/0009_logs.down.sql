DROP FUNCTION pressroom.log_insertions() CASCADE;
DROP FUNCTION pressroom.log_json(pressroom.logs);
DROP TABLE pressroom.logs;
