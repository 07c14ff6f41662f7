DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT attrelid::regclass AS relation, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
              WHERE relnamespace = 'pressroom'::regnamespace AND relkind = 'r' AND attstattarget = 0
                AND attnum > 0 AND NOT attisdropped
    LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS -1', c.relation, c.attname); END LOOP;
END $$;
ALTER TABLE pressroom.tasks
    RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, vacuum_index_cleanup);
ALTER TABLE pressroom.steps
    RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, vacuum_index_cleanup);
ALTER TABLE pressroom.phases RESET (fillfactor);
ALTER TABLE pressroom.model_rates RESET (fillfactor);
ALTER TABLE pressroom.stream_heads RESET (fillfactor);
