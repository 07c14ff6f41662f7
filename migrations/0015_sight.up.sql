-- Workspaces and private workflows hide (docs/security.md, "Workspaces"): where rows stand, and what a sender sees of them.
--
-- The service reads for a sender who does not see the whole tenant in the role pressroom_member. Four settings of the
-- transaction say what that sender sees:
--   pressroom.user        the user
--   pressroom.workspaces  the workspaces of which the sender is a member, as an array of uuid
--   pressroom.managed     those of which the sender is an admin
--   pressroom.narrowed    'on' for a credential that is narrowed to a workspace, and sees nothing outside
-- Sources/Workflow/Access/Sight.swift has the same rules for what is in memory; a test compares them.

-- Places ----------------------------------------------------------------------------------------------------------

-- All versions of a workflow are in one workspace, or in none. Versions of one name are added one after the other.
CREATE FUNCTION pressroom.guard_workflow_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('pressroom workflow ' || NEW.tenant_id || ' ' || NEW.name, 0));
    IF EXISTS (SELECT FROM pressroom.workflows w
                WHERE w.tenant_id = NEW.tenant_id AND w.name = NEW.name AND w.workspace_id IS DISTINCT FROM NEW.workspace_id) THEN
        RAISE EXCEPTION 'a workflow of this name is in another workspace'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'workflow_name_in_one_workspace';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.workflows FOR EACH ROW EXECUTE FUNCTION pressroom.guard_workflow_name();
CREATE TRIGGER guard_place BEFORE UPDATE OF tenant_id, id, workspace_id, created_by ON pressroom.workflows FOR EACH ROW
    WHEN ((NEW.tenant_id, NEW.id, NEW.workspace_id, NEW.created_by)
          IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.workspace_id, OLD.created_by))
    EXECUTE FUNCTION pressroom.refuse('a workflow keeps its id, workspace and creator; publish it under another name');

-- A task is in its workflow's workspace. The service's statements take it from there (TaskCreation.swift); other clients
-- need not name it.
CREATE FUNCTION pressroom.place_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.workspace_id := (SELECT w.workspace_id FROM pressroom.workflows w
                          WHERE w.tenant_id = NEW.tenant_id AND w.id = NEW.workflow_id);
    RETURN NEW;
END $$;
CREATE TRIGGER guard_first_place BEFORE INSERT ON pressroom.tasks FOR EACH ROW
    WHEN (NEW.workspace_id IS NULL AND current_setting('pressroom.events', true) IS DISTINCT FROM 'immediate')
    EXECUTE FUNCTION pressroom.place_task();
CREATE TRIGGER guard_workspace BEFORE UPDATE OF workspace_id ON pressroom.tasks FOR EACH ROW
    WHEN (NEW.workspace_id IS DISTINCT FROM OLD.workspace_id)
    EXECUTE FUNCTION pressroom.refuse('a task stays in the workspace of its workflow');

-- Streams judge tasks in memory. A change of privacy moves the tenant's head, at commit, so that no node goes on with what it
-- has read before (Sources/Broadcast/Hub+Privacy.swift).
CREATE FUNCTION pressroom.announce_privacy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pressroom.stream_heads SET privacy = privacy + 1 WHERE tenant_id = NEW.tenant_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER announce_privacy AFTER UPDATE OF is_public ON pressroom.workflows
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.is_public IS DISTINCT FROM OLD.is_public AND NEW.workspace_id IS NOT NULL)
    EXECUTE FUNCTION pressroom.announce_privacy();

-- What a member sees ----------------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA pressroom TO pressroom_member;
GRANT SELECT ON pressroom.tenants, pressroom.stream_heads, pressroom.workspaces, pressroom.workspace_members,
    pressroom.workflows, pressroom.schedules, pressroom.tasks TO pressroom_member;

CREATE POLICY member ON pressroom.tenants FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true)));
CREATE POLICY member ON pressroom.stream_heads FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true)));
CREATE POLICY member ON pressroom.workspaces FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true))
           AND id = ANY ((SELECT nullif(current_setting('pressroom.workspaces', true), '')::uuid[])::uuid[]));
CREATE POLICY member ON pressroom.workspace_members FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true))
           AND workspace_id = ANY ((SELECT nullif(current_setting('pressroom.workspaces', true), '')::uuid[])::uuid[]));

CREATE POLICY member ON pressroom.workflows FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true))
           AND CASE WHEN workspace_id IS NULL THEN (SELECT current_setting('pressroom.narrowed', true) IS DISTINCT FROM 'on')
               ELSE workspace_id = ANY ((SELECT nullif(current_setting('pressroom.workspaces', true), '')::uuid[])::uuid[])
                    AND (is_public OR created_by = (SELECT nullif(current_setting('pressroom.user', true), ''))
                         OR workspace_id = ANY ((SELECT nullif(current_setting('pressroom.managed', true), '')::uuid[])::uuid[]))
               END);

-- A task is seen with its workflow: the policy above holds in the sub-select, which is no join, so that the plan of a list
-- stays a walk along its index.
CREATE POLICY member ON pressroom.tasks FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true))
           AND CASE WHEN workspace_id IS NULL THEN (SELECT current_setting('pressroom.narrowed', true) IS DISTINCT FROM 'on')
               ELSE workspace_id = ANY ((SELECT nullif(current_setting('pressroom.workspaces', true), '')::uuid[])::uuid[])
                    AND (SELECT true FROM pressroom.workflows w WHERE w.tenant_id = tasks.tenant_id AND w.id = tasks.workflow_id)
               END);

-- Shows a member the rows of the tasks that it sees. To be called for every table with a tenant_id and a task_id whose rows
-- clients read; without it the table is empty for members.
CREATE FUNCTION pressroom.show_with_task(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON %s TO pressroom_member', relation);
    EXECUTE format('CREATE POLICY member ON %1$s FOR SELECT TO pressroom_member '
                   'USING (tenant_id = (SELECT current_setting(''pressroom.tenant'', true)) '
                   'AND (SELECT true FROM pressroom.tasks t WHERE t.tenant_id = %2$I.tenant_id AND t.task_id = %2$I.task_id))',
                   relation, (SELECT relname FROM pg_class WHERE oid = relation));
END $$;
SELECT pressroom.show_with_task(format('pressroom.%I', name)::regclass)
  FROM unnest('{phases,steps,outputs,output_versions,evaluations,rankings,human_tasks,logs,live_texts,events}'::text[]) AS name;

-- Whether a schedule of an owner may start a private version, so that only its owner and admins see it. It looks at
-- workflows that the member does not see, and so runs as the owner of the tables.
CREATE FUNCTION pressroom.starts_privately(tenant text, workflow text, wanted text, owner text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pressroom.workflows w
                    WHERE w.tenant_id = tenant AND w.name = workflow AND (wanted IS NULL OR w.version = wanted)
                      AND w.workspace_id IS NOT NULL AND NOT w.is_public AND w.created_by = owner)
$$;
REVOKE EXECUTE ON FUNCTION pressroom.starts_privately, pressroom.show_with_task FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pressroom.starts_privately TO pressroom_member;

-- A schedule is seen with its workflow.
CREATE POLICY member ON pressroom.schedules FOR SELECT TO pressroom_member
    USING (tenant_id = (SELECT current_setting('pressroom.tenant', true))
           AND EXISTS (SELECT FROM pressroom.workflows w
                        WHERE w.tenant_id = schedules.tenant_id AND w.name = schedules.workflow_name
                          AND (schedules.workflow_version IS NULL OR w.version = schedules.workflow_version)
                          AND (schedules.created_by = (SELECT nullif(current_setting('pressroom.user', true), ''))
                               OR w.workspace_id = ANY ((SELECT nullif(current_setting('pressroom.managed', true), '')::uuid[])::uuid[])
                               OR NOT pressroom.starts_privately(schedules.tenant_id, schedules.workflow_name,
                                                                 schedules.workflow_version, schedules.created_by))));
