DROP FUNCTION pressroom.confirm_unchanged(text, uuid[], bigint[]);
