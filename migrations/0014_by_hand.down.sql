DO $$
DECLARE
    guard record;
BEGIN
    FOR guard IN
        SELECT g.tgname, g.tgrelid::regclass AS relation FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
         WHERE c.relnamespace = 'pressroom'::regnamespace
           AND (g.tgname IN ('guard_place', 'guard_removal', 'guard_truncation')
                OR g.tgname = 'guard' AND g.tgrelid = 'pressroom.pending_events'::regclass)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', guard.tgname, guard.relation);
    END LOOP;
END $$;
DROP FUNCTION pressroom.forget_deleted_tasks, pressroom.remove_events, pressroom.delete_task, pressroom.accumulated_context,
    pressroom.text_brought, pressroom.phase_output;
-- CASCADE drops the triggers of a function with it.
DROP FUNCTION pressroom.ask_parent_to_reread, pressroom.ask_to_reread, pressroom.keep_texts, pressroom.guard_text CASCADE;
