-- CASCADE drops the triggers of a function with it.
DROP FUNCTION pressroom.guard_status, pressroom.guard_first_status, pressroom.touch, pressroom.refuse CASCADE;
