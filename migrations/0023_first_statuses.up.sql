-- What new rows may be, whichever client adds them. The same table stands in Sources/Workflow/States/FirstStatus.swift; a
-- test proves them equal.

CREATE TABLE pressroom.first_statuses (
    entity   text NOT NULL,
    status   text NOT NULL,
    of_forks boolean NOT NULL, -- only rows that a fork takes over begin so
    PRIMARY KEY (entity, status)
);

INSERT INTO pressroom.first_statuses (entity, status, of_forks)
SELECT entity, unnest(string_to_array(statuses, ' ')), of_forks
FROM (VALUES
    ('task',       'pending',                                          false),
    ('phase',      'pending',                                          false),
    ('phase',      'completed failed skipped',                         true),
    ('step',       'pending waiting running completed failed',         false),
    ('step',       'skipped cancelled',                                true),
    ('output',     'pending_write',                                    false),
    ('output',     'pending_edit approved max_cycles_reached failed',  true),
    ('evaluation', 'pending',                                          false),
    ('evaluation', 'completed failed',                                 true),
    ('human_task', 'pending',                                          false)
) AS firsts (entity, statuses, of_forks);

CREATE FUNCTION pressroom.guard_first_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pressroom.first_statuses f
                    WHERE f.entity = TG_ARGV[0] AND f.status = NEW.status
                      AND (NOT f.of_forks OR EXISTS (
                           SELECT FROM pressroom.tasks t WHERE t.tenant_id = NEW.tenant_id AND t.task_id = NEW.task_id
                              AND t.forked_from_task_id IS NOT NULL))) THEN
        RAISE EXCEPTION 'a new % cannot be %', TG_ARGV[0], NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_first_status',
                  HINT = 'What new rows may be stands in pressroom.first_statuses.';
    END IF;
    RETURN NEW;
END $$;

-- The conditions name the usual ones, so that rows which are added by the thousand call no function.
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.tasks FOR EACH ROW
    WHEN (NEW.status <> 'pending') EXECUTE FUNCTION pressroom.guard_first_status('task');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.phases FOR EACH ROW
    WHEN (NEW.status <> 'pending') EXECUTE FUNCTION pressroom.guard_first_status('phase');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.steps FOR EACH ROW
    WHEN (NEW.status NOT IN ('pending', 'running', 'waiting')) EXECUTE FUNCTION pressroom.guard_first_status('step');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.outputs FOR EACH ROW
    WHEN (NEW.status <> 'pending_write') EXECUTE FUNCTION pressroom.guard_first_status('output');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.evaluations FOR EACH ROW
    WHEN (NEW.status <> 'pending') EXECUTE FUNCTION pressroom.guard_first_status('evaluation');
CREATE TRIGGER guard_first BEFORE INSERT ON pressroom.human_tasks FOR EACH ROW
    WHEN (NEW.status <> 'pending') EXECUTE FUNCTION pressroom.guard_first_status('human_task');
