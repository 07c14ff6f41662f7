ALTER TABLE pressroom.live_texts DROP COLUMN step_id, DROP COLUMN attempt, DROP COLUMN processor_id;
