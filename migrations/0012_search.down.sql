DROP FUNCTION pressroom.holds_text, pressroom.folded;
