-- A step that waited leaves an entry in the index of waiting steps, a task that ran one among the running. They are passed
-- over by each search until the table is vacuumed. By default that comes when a fifth of the rows have changed, and leaves
-- the indexes alone when the dead rows lie close together: in a large table, hundreds of thousands of entries later.
ALTER TABLE pressroom.steps
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, vacuum_index_cleanup = on);
ALTER TABLE pressroom.tasks
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000, vacuum_index_cleanup = on);
