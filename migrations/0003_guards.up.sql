-- What holds for every write, whichever client makes it. Every trigger on UPDATE is named `guard…`, and every one on INSERT
-- `guard_first`. Each raises check_violation.

-- Raises its argument as the error.
CREATE FUNCTION pressroom.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION pressroom.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

-- Refuses a new row with another status than pressroom.first_statuses has for the entity, its argument.
CREATE FUNCTION pressroom.guard_first_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pressroom.first_statuses f
                    WHERE f.entity = TG_ARGV[0] AND f.status = NEW.status
                      AND (NOT f.of_forks OR EXISTS (
                           SELECT FROM pressroom.tasks t WHERE t.tenant_id = NEW.tenant_id AND t.task_id = NEW.task_id
                              AND t.forked_from_task_id IS NOT NULL))) THEN
        RAISE EXCEPTION 'a new % cannot be %', TG_ARGV[0], NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_first_status',
                  HINT = 'pressroom.first_statuses lists the statuses of new rows.';
    END IF;
    RETURN NEW;
END $$;

-- Refuses an illegal transition of the entity, its argument. Sets version, updated_at, and the times that belong to the new
-- status, whatever the client has set them to. A retry keeps the first started_at of a task and of a phase.
--
-- A task or phase without a step begins and ends in one transaction, whose row goes from pending to its end at once: it has
-- both times. Transactions can begin in another order than they lock the row, so no time is before the one that it follows.
CREATE FUNCTION pressroom.guard_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    IF TG_ARGV[0] <> 'evaluation' THEN NEW.version := OLD.version + 1; END IF;
    IF NEW.status <> OLD.status THEN
        IF NOT pressroom.is_legal(TG_ARGV[0], OLD.status, NEW.status) THEN
            RAISE EXCEPTION 'illegal transition of a %: % to %', TG_ARGV[0], OLD.status, NEW.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_transition',
                      HINT = 'pressroom.transitions lists the legal ones.';
        END IF;
        CASE TG_ARGV[0]
        WHEN 'step' THEN
            NEW.started_at := CASE WHEN NEW.status = 'running' THEN now() ELSE NEW.started_at END;
            NEW.completed_at := CASE WHEN NEW.status IN ('completed', 'failed', 'skipped', 'cancelled') THEN now() END;
        WHEN 'phase' THEN
            NEW.started_at := CASE WHEN NEW.status IN ('running', 'waiting', 'completed', 'failed')
                                   THEN coalesce(OLD.started_at, greatest(now(), OLD.created_at)) ELSE NEW.started_at END;
            NEW.completed_at := CASE WHEN NEW.status IN ('completed', 'failed', 'skipped', 'cancelled')
                                     THEN greatest(now(), OLD.created_at, NEW.started_at) END;
        WHEN 'task' THEN
            NEW.started_at := CASE WHEN NEW.status IN ('running', 'waiting', 'completed', 'failed')
                                   THEN coalesce(OLD.started_at, greatest(now(), OLD.created_at)) ELSE NEW.started_at END;
            NEW.paused_at := CASE WHEN NEW.status = 'paused' THEN now() END;
            NEW.completed_at := CASE WHEN NEW.status = 'completed' THEN greatest(now(), NEW.started_at) END;
            NEW.failed_at := CASE WHEN NEW.status = 'failed' THEN greatest(now(), NEW.started_at) END;
            NEW.cancelled_at := CASE WHEN NEW.status = 'cancelled' THEN greatest(now(), OLD.created_at, NEW.started_at) END;
        WHEN 'human_task' THEN
            NEW.completed_at := CASE WHEN NEW.status = 'completed' THEN now() END;
        ELSE NULL;
        END CASE;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard BEFORE UPDATE ON pressroom.tasks FOR EACH ROW EXECUTE FUNCTION pressroom.guard_status('task');
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.phases FOR EACH ROW EXECUTE FUNCTION pressroom.guard_status('phase');
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.steps FOR EACH ROW EXECUTE FUNCTION pressroom.guard_status('step');
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.outputs FOR EACH ROW EXECUTE FUNCTION pressroom.guard_status('output');
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.evaluations FOR EACH ROW EXECUTE FUNCTION pressroom.guard_status('evaluation');
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.human_tasks FOR EACH ROW EXECUTE FUNCTION pressroom.guard_status('human_task');
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.rankings FOR EACH ROW EXECUTE FUNCTION pressroom.touch();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.workflows FOR EACH ROW EXECUTE FUNCTION pressroom.touch();

CREATE TRIGGER guard_context BEFORE UPDATE ON pressroom.tasks FOR EACH ROW
    WHEN (NEW.context IS DISTINCT FROM OLD.context)
    EXECUTE FUNCTION pressroom.refuse('the execution context of a task does not change');
CREATE TRIGGER guard_definition BEFORE UPDATE ON pressroom.workflows FOR EACH ROW
    WHEN ((NEW.name, NEW.version, NEW.definition::text) IS DISTINCT FROM (OLD.name, OLD.version, OLD.definition::text))
    EXECUTE FUNCTION pressroom.refuse('a published version does not change; publish another');

-- History: added to, never changed. 0014_by_hand refuses deletions.
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.output_versions FOR EACH STATEMENT
    EXECUTE FUNCTION pressroom.refuse('rows of output_versions are never changed');
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.logs FOR EACH STATEMENT
    EXECUTE FUNCTION pressroom.refuse('rows of logs are never changed');

-- The conditions name the usual first statuses, so that rows that are added by the thousand call no function.
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.tasks FOR EACH ROW
    WHEN (NEW.status <> 'pending') EXECUTE FUNCTION pressroom.guard_first_status('task');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.phases FOR EACH ROW
    WHEN (NEW.status <> 'pending') EXECUTE FUNCTION pressroom.guard_first_status('phase');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.steps FOR EACH ROW
    WHEN (NEW.status NOT IN ('pending', 'running', 'waiting')) EXECUTE FUNCTION pressroom.guard_first_status('step');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.outputs FOR EACH ROW
    WHEN (NEW.status NOT IN ('pending_write', 'writing')) EXECUTE FUNCTION pressroom.guard_first_status('output');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.evaluations FOR EACH ROW
    WHEN (NEW.status NOT IN ('pending', 'processing')) EXECUTE FUNCTION pressroom.guard_first_status('evaluation');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.human_tasks FOR EACH ROW
    WHEN (NEW.status <> 'pending') EXECUTE FUNCTION pressroom.guard_first_status('human_task');
