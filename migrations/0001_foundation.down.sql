DROP TABLE pressroom.transitions;
DROP FUNCTION pressroom.iso(timestamptz);
DROP FUNCTION pressroom.uuid_v7();
