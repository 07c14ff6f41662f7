DROP FUNCTION pressroom.is_legal, pressroom.define_legal_transitions;
DROP TABLE pressroom.first_statuses, pressroom.transitions;
