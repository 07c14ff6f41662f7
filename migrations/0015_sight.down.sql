-- The role stays, as the others do (0013_access).
DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN SELECT p.polrelid::regclass AS relation FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
                   WHERE c.relnamespace = 'pressroom'::regnamespace AND p.polname = 'member'
    LOOP EXECUTE format('DROP POLICY member ON %s', policy.relation); END LOOP;
END $$;
REVOKE ALL ON ALL TABLES IN SCHEMA pressroom FROM pressroom_member;
REVOKE ALL ON SCHEMA pressroom FROM pressroom_member;
DROP TRIGGER announce_privacy ON pressroom.workflows;
DROP TRIGGER guard_place ON pressroom.workflows;
DROP TRIGGER guard_first ON pressroom.workflows;
DROP TRIGGER guard_workspace ON pressroom.tasks;
DROP TRIGGER guard_first_place ON pressroom.tasks;
DROP FUNCTION pressroom.starts_privately, pressroom.show_with_task, pressroom.announce_privacy, pressroom.place_task,
    pressroom.guard_workflow_name;
