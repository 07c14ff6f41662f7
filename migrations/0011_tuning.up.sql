-- How PostgreSQL stores and maintains the tables. Nothing here changes a result.

-- These rows change several times in their lives. With free space on the page, and no index on the changed columns, an
-- update touches no index. stream_heads has one hot row a tenant.
ALTER TABLE pressroom.tasks SET (fillfactor = 60);
ALTER TABLE pressroom.phases SET (fillfactor = 60);
ALTER TABLE pressroom.steps SET (fillfactor = 80);
ALTER TABLE pressroom.model_rates SET (fillfactor = 50);
ALTER TABLE pressroom.stream_heads SET (fillfactor = 10);

-- A step that waited leaves an entry in the index of waiting steps, a task that ran one among the running. Each search
-- passes over them until the table is vacuumed. By default that comes when a fifth of the rows have changed, and leaves
-- the indexes alone when the dead rows lie close together: in a large table, hundreds of thousands of entries later.
ALTER TABLE pressroom.steps
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, vacuum_index_cleanup = on);
ALTER TABLE pressroom.tasks
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000, vacuum_index_cleanup = on);

-- No plan depends on the contents of a JSON column, and looking for its most common values is most of ANALYZE's work.
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT attrelid::regclass AS relation, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
              WHERE relnamespace = 'pressroom'::regnamespace AND relkind = 'r' AND atttypid IN ('json'::regtype, 'jsonb'::regtype)
                AND attnum > 0 AND NOT attisdropped
    LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', c.relation, c.attname); END LOOP;
END $$;
