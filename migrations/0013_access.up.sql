-- Who may see what (docs/security.md): the roles of the service, credentials, workspaces, the audit, and the policies of
-- every tenant's table.
--
--   pressroom_service  runs the statements of one tenant, which the setting pressroom.tenant names. Without a tenant, and
--                      for another one, every table of a tenant is empty to it.
--   pressroom_member   reads what one sender may see of a tenant (0015_sight).
--   pressroom_worker   runs the statements that look across tenants. Sources/Store/AcrossTenants.swift names them.
--
-- None can log in, and none can bypass a policy; the service's login is a member of all of them and takes one in each
-- transaction. The owner of the tables, as which an operator uses psql, sees and changes everything.

-- Roles belong to the whole server: another database may have made them, so they are neither replaced here nor dropped later.
DO $$
DECLARE
    name text;
    missing text[] := '{}';
BEGIN
    FOREACH name IN ARRAY '{pressroom_service,pressroom_member,pressroom_worker}'::text[] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
                EXECUTE format('GRANT %I TO CURRENT_USER', name);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was faster
                WHEN insufficient_privilege THEN missing := missing || name;
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = name) AND NOT pg_has_role(name, 'MEMBER') THEN
            BEGIN
                EXECUTE format('GRANT %I TO CURRENT_USER', name);
            EXCEPTION
                WHEN unique_violation THEN NULL;
                WHEN insufficient_privilege THEN missing := missing || name;
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = name AND (rolsuper OR rolbypassrls)) THEN
            RAISE EXCEPTION 'the role % can bypass row-level security; an administrator has to run: ALTER ROLE % NOSUPERUSER NOBYPASSRLS',
                name, name USING ERRCODE = 'invalid_role_specification';
        END IF;
    END LOOP;
    IF cardinality(missing) > 0 THEN
        RAISE EXCEPTION 'the role % may not create the roles of the service; an administrator has to run: %', current_user,
            (SELECT string_agg(CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = m)
                                    THEN format('GRANT %I TO %I;', m, current_user)
                                    ELSE format('CREATE ROLE %I NOLOGIN ROLE %I;', m, current_user) END, ' ')
               FROM unnest(missing) AS m)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE TABLE pressroom.workspaces (
    tenant_id   text NOT NULL REFERENCES pressroom.tenants,
    id          uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    name        text NOT NULL,
    description text,
    created_by  text NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);
ALTER TABLE pressroom.workflows ADD FOREIGN KEY (tenant_id, workspace_id) REFERENCES pressroom.workspaces;

-- A member is a user or a group.
CREATE TABLE pressroom.workspace_members (
    tenant_id    text NOT NULL,
    workspace_id uuid NOT NULL,
    user_id      text CHECK (user_id <> ''),
    "group"      text CHECK ("group" <> ''),
    access       text NOT NULL CHECK (access IN ('read', 'write', 'admin')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    member       text COLLATE "C" NOT NULL -- user:<id> or group:<name>; hidden from clients
        GENERATED ALWAYS AS (coalesce('user:' || user_id, 'group:' || "group")) STORED,
    PRIMARY KEY (tenant_id, workspace_id, member),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES pressroom.workspaces ON DELETE CASCADE,
    CHECK (num_nonnulls(user_id, "group") = 1)
);
CREATE INDEX workspace_members_member ON pressroom.workspace_members (tenant_id, member);

-- A key is `prk_<key_id>_<secret>`. It is looked up before a tenant is known: key_id is the one key that a tenant does not
-- lead.
CREATE TABLE pressroom.api_keys (
    tenant_id    text NOT NULL REFERENCES pressroom.tenants,
    id           uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    name         text NOT NULL,
    key_id       text COLLATE "C" NOT NULL UNIQUE CHECK (key_id ~ '^[0-9a-z]{16}$'),
    secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32), -- SHA-256 of 256 random bits; hidden from clients
    user_id      text NOT NULL CHECK (user_id IS NORMALIZED),
    groups       text[] NOT NULL DEFAULT '{}',
    scopes       text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ '{read,write,admin,stream,act}'),
    workspace_id uuid, -- narrows what the key may see to one workspace
    created_by   text NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz, -- to the minute
    revoked_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES pressroom.workspaces ON DELETE CASCADE
);

-- The keys that sign stream tickets and session cookies, shared by all nodes. The newest signs; the others still verify.
CREATE TABLE pressroom.signing_keys (
    id         text COLLATE "C" PRIMARY KEY DEFAULT substr(replace(gen_random_uuid()::text, '-', ''), 1, 8),
    secret     bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The sessions that were signed out of. A cookie is signed and kept nowhere, so what is kept is that it has ended, until it
-- would have ended by itself.
CREATE TABLE pressroom.ended_sessions (
    tenant_id  text NOT NULL REFERENCES pressroom.tenants,
    id         uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE pressroom.audit (
    tenant_id text NOT NULL, -- outlives its tenant
    id        uuid NOT NULL DEFAULT pressroom.uuid_v7(),
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor     text NOT NULL,
    action    text NOT NULL CHECK (action IN ('created', 'changed', 'deleted')),
    entity    text NOT NULL,
    entity_id text NOT NULL,
    before    json,
    after     json,
    PRIMARY KEY (tenant_id, id)
);
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON pressroom.audit FOR EACH STATEMENT
    EXECUTE FUNCTION pressroom.refuse('rows of audit are never changed');

CREATE FUNCTION pressroom.guard_workspace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.workspaces FOR EACH ROW EXECUTE FUNCTION pressroom.guard_workspace();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.workspace_members FOR EACH ROW EXECUTE FUNCTION pressroom.touch();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.api_keys FOR EACH ROW EXECUTE FUNCTION pressroom.touch();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.tenants FOR EACH ROW EXECUTE FUNCTION pressroom.touch();
CREATE TRIGGER guard_secret BEFORE UPDATE ON pressroom.api_keys FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.key_id, NEW.secret_hash, NEW.user_id, NEW.created_by, NEW.created_at)
          IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.key_id, OLD.secret_hash, OLD.user_id, OLD.created_by, OLD.created_at))
    EXECUTE FUNCTION pressroom.refuse('the secret, user and origin of a key do not change; make another key');
CREATE TRIGGER guard_revoked BEFORE UPDATE ON pressroom.api_keys FOR EACH ROW
    WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)
    EXECUTE FUNCTION pressroom.refuse('a revoked key stays revoked; make another key');

SELECT pressroom.define_row_json('pressroom.tenants', 'tenant'),
       pressroom.define_row_json('pressroom.workspaces', 'workspace'),
       pressroom.define_row_json('pressroom.workspace_members', 'workspace_member', '{member}'),
       pressroom.define_row_json('pressroom.api_keys', 'api_key', '{secret_hash}'),
       pressroom.define_row_json('pressroom.audit', 'audit');

-- Writes a change of a row into the audit, whichever client makes it. Arguments: the entity, the columns that make up its id.
-- Secrets and texts of definitions stay out of it.
CREATE FUNCTION pressroom.audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hidden text[] := '{secret_hash,definition,version_sort,updated_at}';
    old_row jsonb;
    new_row jsonb;
    this jsonb;
BEGIN
    IF TG_RELID = 'pressroom.workflows'::regclass THEN
        -- It may be long.
        IF TG_OP <> 'INSERT' THEN OLD.definition := NULL; END IF;
        IF TG_OP <> 'DELETE' THEN NEW.definition := NULL; END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN old_row := to_jsonb(OLD) - hidden; END IF;
    IF TG_OP <> 'DELETE' THEN new_row := to_jsonb(NEW) - hidden; END IF;
    this := coalesce(new_row, old_row);
    IF old_row IS NOT DISTINCT FROM new_row THEN RETURN NULL; END IF;
    INSERT INTO pressroom.audit (tenant_id, actor, action, entity, entity_id, before, after)
    VALUES (this ->> 'tenant_id', pressroom.event_actor(),
            CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END, TG_ARGV[0],
            (SELECT string_agg(this ->> c.name, ':' ORDER BY c.ordinal)
               FROM unnest(string_to_array(TG_ARGV[1], ' ')) WITH ORDINALITY AS c (name, ordinal)),
            old_row::json, new_row::json);
    RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON pressroom.tenants FOR EACH ROW
    EXECUTE FUNCTION pressroom.audit_change('tenant', 'tenant_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON pressroom.workspaces FOR EACH ROW
    EXECUTE FUNCTION pressroom.audit_change('workspace', 'id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON pressroom.workspace_members FOR EACH ROW
    EXECUTE FUNCTION pressroom.audit_change('workspace_member', 'workspace_id member');
CREATE TRIGGER audit AFTER INSERT OR DELETE ON pressroom.api_keys FOR EACH ROW
    EXECUTE FUNCTION pressroom.audit_change('api_key', 'id');
-- That a key is used is no change of it.
CREATE TRIGGER audit_update AFTER UPDATE OF name, groups, scopes, workspace_id, expires_at, revoked_at ON pressroom.api_keys
    FOR EACH ROW EXECUTE FUNCTION pressroom.audit_change('api_key', 'id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON pressroom.workflows FOR EACH ROW
    EXECUTE FUNCTION pressroom.audit_change('workflow', 'id');

-- A change of what credentials open is an event of its tenant without a task: it has a position, and is visible with the
-- change itself. A node that passes the position sends nothing later to the streams that the change may affect before it has
-- looked at their credentials again (docs/security.md). Clients never see it. Its payload names the key, the session or
-- the member that is affected, and none of them where the whole tenant is.
CREATE FUNCTION pressroom.record_access(tenant text, affected json) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- delete_tenant removes the log as well. Its streams end because their credentials are gone.
    IF current_setting('pressroom.removal', true) = 'on' THEN RETURN; END IF;
    IF current_setting('pressroom.events', true) = 'immediate' THEN
        PERFORM pressroom.append_events(tenant, ARRAY[ROW(NULL, 'access_changed', affected)::pressroom.change]);
    ELSE
        INSERT INTO pressroom.pending_events (tenant_id, type, payload) VALUES (tenant, 'access_changed', affected);
    END IF;
END $$;

CREATE FUNCTION pressroom.key_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pressroom.record_access(OLD.tenant_id, json_build_object('access', json_build_object('key_id', OLD.key_id)));
    RETURN NULL;
END $$;
CREATE TRIGGER access_on_update AFTER UPDATE OF groups, scopes, workspace_id, expires_at, revoked_at ON pressroom.api_keys
    FOR EACH ROW
    WHEN ((NEW.groups, NEW.scopes, NEW.workspace_id, NEW.expires_at, NEW.revoked_at)
          IS DISTINCT FROM (OLD.groups, OLD.scopes, OLD.workspace_id, OLD.expires_at, OLD.revoked_at))
    EXECUTE FUNCTION pressroom.key_access_changed();
CREATE TRIGGER access_on_delete AFTER DELETE ON pressroom.api_keys FOR EACH ROW
    EXECUTE FUNCTION pressroom.key_access_changed();

CREATE FUNCTION pressroom.session_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pressroom.record_access(NEW.tenant_id, json_build_object('access', json_build_object('session', NEW.id)));
    RETURN NULL;
END $$;
CREATE TRIGGER access_on_insert AFTER INSERT ON pressroom.ended_sessions FOR EACH ROW
    EXECUTE FUNCTION pressroom.session_access_changed();

CREATE FUNCTION pressroom.member_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM pressroom.record_access(OLD.tenant_id, json_build_object('access', json_build_object('member', OLD.member)));
    END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND (NEW.tenant_id, NEW.member) IS DISTINCT FROM (OLD.tenant_id, OLD.member) THEN
        PERFORM pressroom.record_access(NEW.tenant_id, json_build_object('access', json_build_object('member', NEW.member)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER access_on_change AFTER INSERT OR DELETE ON pressroom.workspace_members FOR EACH ROW
    EXECUTE FUNCTION pressroom.member_access_changed();
CREATE TRIGGER access_on_update AFTER UPDATE ON pressroom.workspace_members FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.workspace_id, NEW.member, NEW.access)
          IS DISTINCT FROM (OLD.tenant_id, OLD.workspace_id, OLD.member, OLD.access))
    EXECUTE FUNCTION pressroom.member_access_changed();

CREATE FUNCTION pressroom.tenant_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pressroom.record_access(NEW.tenant_id, '{"access":{}}');
    RETURN NULL;
END $$;
CREATE TRIGGER access_on_update AFTER UPDATE OF status ON pressroom.tenants FOR EACH ROW
    WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION pressroom.tenant_access_changed();

-- The position of the latest change of access; NULL: none is retained. Members see no event without a task, so it is read as
-- the owner of the tables, and only for the tenant of the transaction.
CREATE FUNCTION pressroom.access_position(tenant text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF tenant IS DISTINCT FROM current_setting('pressroom.tenant', true) THEN RETURN NULL; END IF;
    RETURN (SELECT e.position FROM pressroom.events e WHERE e.tenant_id = tenant AND e.task_id IS NULL
             ORDER BY e.position DESC LIMIT 1);
END $$;
REVOKE EXECUTE ON FUNCTION pressroom.access_position FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pressroom.access_position TO pressroom_service, pressroom_member;

-- Removes a tenant with everything that it has but its audit. Its keys no longer open anything from the commit on.
CREATE FUNCTION pressroom.delete_tenant(tenant text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    relation regclass;
    is_gone boolean;
BEGIN
    PERFORM set_config('pressroom.removal', 'on', true); -- 0014_by_hand
    -- Waits for the transactions that add rows to it, and keeps out new ones.
    PERFORM FROM pressroom.tenants t WHERE t.tenant_id = tenant FOR UPDATE;
    DELETE FROM pressroom.tasks t WHERE t.tenant_id = tenant;
    -- In the order of all transactions: rows, then the head. Behind it nothing is appended any more.
    PERFORM FROM pressroom.stream_heads h WHERE h.tenant_id = tenant FOR UPDATE;
    FOR relation IN
        SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE c.relnamespace = 'pressroom'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
         ORDER BY CASE c.relname WHEN 'workflows' THEN 1 WHEN 'workspaces' THEN 2 WHEN 'tenants' THEN 3 ELSE 0 END, c.relname
    LOOP
        IF relation <> 'pressroom.audit'::regclass AND relation <> 'pressroom.stream_heads'::regclass THEN
            EXECUTE format('DELETE FROM %s WHERE tenant_id = $1', relation) USING tenant;
            IF relation = 'pressroom.tenants'::regclass THEN GET DIAGNOSTICS is_gone = ROW_COUNT; END IF;
        END IF;
    END LOOP;
    PERFORM set_config('pressroom.removal', '', true);
    RETURN is_gone;
END $$;

-- Policies. A setting is read in a sub-select, once a statement and not once a row. pressroom.protect is to be called for
-- every new table with a tenant_id; the invariant `tenant tables have policies` names one for which it was not.
CREATE FUNCTION pressroom.protect(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('CREATE POLICY tenant ON %s TO pressroom_service '
                   'USING (tenant_id = (SELECT current_setting(''pressroom.tenant'', true)))', relation);
    EXECUTE format('CREATE POLICY across_tenants ON %s TO pressroom_worker USING (true)', relation);
END $$;

SELECT pressroom.protect(c.oid)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
 WHERE c.relnamespace = 'pressroom'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname;

GRANT USAGE ON SCHEMA pressroom TO pressroom_service, pressroom_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pressroom TO pressroom_service, pressroom_worker;
-- The state machines belong to the migrations, tenants to the operator, and what is written in the audit stays.
REVOKE INSERT, UPDATE, DELETE ON pressroom.transitions, pressroom.first_statuses FROM pressroom_service, pressroom_worker;
REVOKE UPDATE, DELETE ON pressroom.tenants, pressroom.audit FROM pressroom_service, pressroom_worker;
REVOKE UPDATE, DELETE ON pressroom.ended_sessions FROM pressroom_service;
REVOKE UPDATE ON pressroom.ended_sessions FROM pressroom_worker;
-- What signs for all tenants is not for the statements of one. Nodes read the keys, add one, and remove the oldest: no
-- statement chooses a secret's id or age, or changes one.
REVOKE ALL ON pressroom.signing_keys FROM pressroom_service, pressroom_worker;
GRANT SELECT, INSERT (secret), DELETE ON pressroom.signing_keys TO pressroom_worker;
DO $$
BEGIN
    IF to_regclass('pressroom.schema_migrations') IS NOT NULL THEN
        REVOKE INSERT, UPDATE, DELETE ON pressroom.schema_migrations FROM pressroom_service, pressroom_worker;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION pressroom.delete_tenant, pressroom.protect, pressroom.define_row_json, pressroom.define_row_events,
    pressroom.define_legal_transitions FROM PUBLIC;

-- ANALYZE is for a table's owner. Runs as such for the service, on its own tables only; changes no row.
CREATE FUNCTION pressroom.analyze(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'pressroom'::regnamespace AND relname = name AND relkind = 'r') THEN
        RAISE EXCEPTION 'pressroom has no table %', name USING ERRCODE = 'undefined_table';
    END IF;
    EXECUTE format('ANALYZE (SKIP_LOCKED) pressroom.%I', name);
END $$;
REVOKE EXECUTE ON FUNCTION pressroom.analyze FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pressroom.analyze TO pressroom_service, pressroom_worker;
