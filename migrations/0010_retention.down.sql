DROP FUNCTION pressroom.retire_events;
