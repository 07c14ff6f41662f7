-- What holds whichever client writes: only legal transitions, a new version and updated_at on every update, the
-- timestamps that belong to a status, published definitions that never change.

CREATE FUNCTION pressroom.check_transition(entity text, from_status text, to_status text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pressroom.transitions t
                    WHERE t.entity = check_transition.entity AND t.from_status = check_transition.from_status
                      AND t.to_status = check_transition.to_status) THEN
        RAISE EXCEPTION 'illegal transition of a %: % to %', entity, from_status, to_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_transition',
                  HINT = 'The legal ones stand in pressroom.transitions.';
    END IF;
END $$;

CREATE FUNCTION pressroom.guard_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.context IS DISTINCT FROM OLD.context THEN
        RAISE EXCEPTION 'the execution context of a task does not change' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('task', OLD.status, NEW.status);
        NEW.started_at := CASE WHEN NEW.status = 'running' THEN coalesce(OLD.started_at, now()) ELSE NEW.started_at END;
        NEW.paused_at := CASE WHEN NEW.status = 'paused' THEN now() END;
        NEW.completed_at := CASE WHEN NEW.status = 'completed' THEN now() END;
        NEW.failed_at := CASE WHEN NEW.status = 'failed' THEN now() END;
        NEW.cancelled_at := CASE WHEN NEW.status = 'cancelled' THEN now() END;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION pressroom.guard_phase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('phase', OLD.status, NEW.status);
        NEW.started_at := CASE WHEN NEW.status IN ('running', 'waiting') THEN coalesce(OLD.started_at, now()) ELSE NEW.started_at END;
        NEW.completed_at := CASE WHEN NEW.status IN ('completed', 'failed', 'skipped', 'cancelled') THEN now() END;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION pressroom.guard_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('step', OLD.status, NEW.status);
        NEW.started_at := CASE WHEN NEW.status = 'running' THEN now() ELSE NEW.started_at END;
        NEW.completed_at := CASE WHEN NEW.status IN ('completed', 'failed', 'skipped', 'cancelled') THEN now() END;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION pressroom.guard_output() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('output', OLD.status, NEW.status);
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION pressroom.guard_evaluation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    IF NEW.status <> OLD.status THEN
        PERFORM pressroom.check_transition('evaluation', OLD.status, NEW.status);
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION pressroom.guard_workflow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    IF (NEW.name, NEW.version, NEW.definition) IS DISTINCT FROM (OLD.name, OLD.version, OLD.definition) THEN
        RAISE EXCEPTION 'a published version does not change; publish another' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION pressroom.guard_ranking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

CREATE TRIGGER guard BEFORE UPDATE ON pressroom.tasks FOR EACH ROW EXECUTE FUNCTION pressroom.guard_task();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.phases FOR EACH ROW EXECUTE FUNCTION pressroom.guard_phase();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.steps FOR EACH ROW EXECUTE FUNCTION pressroom.guard_step();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.outputs FOR EACH ROW EXECUTE FUNCTION pressroom.guard_output();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.evaluations FOR EACH ROW EXECUTE FUNCTION pressroom.guard_evaluation();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.rankings FOR EACH ROW EXECUTE FUNCTION pressroom.guard_ranking();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.workflows FOR EACH ROW EXECUTE FUNCTION pressroom.guard_workflow();

-- The log and the versions of a text are history: added to, never changed.
CREATE FUNCTION pressroom.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.events FOR EACH STATEMENT EXECUTE FUNCTION pressroom.refuse_change();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.output_versions FOR EACH STATEMENT EXECUTE FUNCTION pressroom.refuse_change();

INSERT INTO pressroom.tenants (tenant_id) VALUES ('default');
