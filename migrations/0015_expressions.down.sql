DELETE FROM pressroom.transitions WHERE (entity, from_status, to_status) = ('phase', 'failed', 'pending');
DROP FUNCTION pressroom.check_path(text);
DROP FUNCTION pressroom.evaluate_paths(jsonb, jsonb, integer);
