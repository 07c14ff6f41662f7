-- The roles stay: other databases of the server may use them.
DO $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'pressroom'::regnamespace AND c.relrowsecurity
    LOOP
        EXECUTE format('DROP POLICY tenant ON %s', relation);
        EXECUTE format('DROP POLICY across_tenants ON %s', relation);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', relation);
    END LOOP;
END $$;
REVOKE ALL ON ALL TABLES IN SCHEMA pressroom FROM pressroom_service, pressroom_worker;
REVOKE ALL ON SCHEMA pressroom FROM pressroom_service, pressroom_worker;
DROP TRIGGER audit ON pressroom.workflows;
DROP TRIGGER audit ON pressroom.tenants;
DROP TRIGGER guard ON pressroom.tenants;
DROP TRIGGER access_on_update ON pressroom.tenants;
ALTER TABLE pressroom.workflows DROP CONSTRAINT workflows_tenant_id_workspace_id_fkey;
DROP FUNCTION pressroom.tenant_json, pressroom.tenant_text;
DROP TABLE pressroom.audit, pressroom.ended_sessions, pressroom.signing_keys, pressroom.api_keys, pressroom.workspace_members, pressroom.workspaces CASCADE;
DROP FUNCTION pressroom.analyze, pressroom.protect, pressroom.delete_tenant, pressroom.audit_change, pressroom.guard_workspace,
    pressroom.record_access, pressroom.access_position, pressroom.key_access_changed, pressroom.session_access_changed,
    pressroom.member_access_changed, pressroom.tenant_access_changed;
GRANT EXECUTE ON FUNCTION pressroom.define_row_json, pressroom.define_row_events, pressroom.define_legal_transitions TO PUBLIC;
