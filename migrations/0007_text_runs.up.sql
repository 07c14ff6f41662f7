-- Which run writes a text: other nodes read those that are not theirs, and tell the attempts of a step apart.
DELETE FROM pressroom.live_texts;
ALTER TABLE pressroom.live_texts
    ADD COLUMN step_id uuid NOT NULL,
    ADD COLUMN attempt integer NOT NULL,
    ADD COLUMN processor_id uuid NOT NULL;
