-- The state machines (docs/state-machines.md): which statuses a row can begin with, and which can follow. Tests compare both
-- tables with tables of their own (Tests/Support/Transitions.swift).

CREATE TABLE pressroom.transitions (
    entity      text NOT NULL,
    from_status text NOT NULL,
    to_status   text NOT NULL,
    PRIMARY KEY (entity, from_status, to_status)
);

INSERT INTO pressroom.transitions (entity, from_status, to_status)
SELECT entity, from_status, unnest(string_to_array(targets, ' '))
FROM (VALUES
    ('task', 'pending', 'running waiting paused cancelled failed completed'),
    ('task', 'running', 'waiting paused completed failed cancelled'),
    ('task', 'waiting', 'running paused completed failed cancelled'),
    ('task', 'paused',  'running pending cancelled'),
    ('task', 'failed',  'running'),
    ('phase', 'pending', 'running waiting completed skipped failed cancelled'),
    ('phase', 'running', 'waiting completed failed cancelled'),
    ('phase', 'waiting', 'running completed failed cancelled'),
    ('phase', 'failed',  'running pending'), -- pending: it failed before it had a step
    ('phase', 'skipped', 'pending'),
    ('step', 'pending',  'running waiting cancelled skipped completed failed'),
    ('step', 'running',  'completed failed retrying waiting pending cancelled'),
    ('step', 'waiting',  'pending running completed failed cancelled skipped'),
    ('step', 'retrying', 'running pending cancelled failed skipped'),
    ('step', 'failed',   'running pending'),
    ('output', 'pending_write',   'writing failed'),
    ('output', 'writing',         'pending_edit approved pending_write failed editing'), -- editing, rewriting: claimed at once
    ('output', 'pending_edit',    'editing approved failed'),
    ('output', 'editing',         'approved pending_rewrite max_cycles_reached pending_edit failed rewriting'),
    ('output', 'pending_rewrite', 'rewriting failed'),
    ('output', 'rewriting',       'pending_edit pending_rewrite failed editing'),
    ('output', 'failed',          'pending_write pending_edit pending_rewrite'),
    ('evaluation', 'pending',    'processing failed'),
    ('evaluation', 'processing', 'completed failed pending'),
    ('evaluation', 'failed',     'pending'),
    ('human_task', 'pending', 'claimed completed cancelled expired'),
    ('human_task', 'claimed', 'pending completed cancelled expired')
) AS machine (entity, from_status, targets);

CREATE TABLE pressroom.first_statuses (
    entity   text NOT NULL,
    status   text NOT NULL,
    of_forks boolean NOT NULL, -- only rows that a fork copies begin with it
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
    ('output',     'pending_write writing',                            false),
    ('output',     'pending_edit approved max_cycles_reached failed',  true),
    ('evaluation', 'pending processing',                               false),
    ('evaluation', 'completed failed',                                 true),
    ('human_task', 'pending',                                          false)
) AS firsts (entity, statuses, of_forks);

-- Defines pressroom.is_legal(entity, from_status, to_status) as a constant array of the transitions: a query in the guard
-- of every row took 14 µs (docs/decisions/0016-steps-at-speed.md). To be called again after each change of the table.
CREATE FUNCTION pressroom.define_legal_transitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    legal text[];
BEGIN
    SELECT array_agg(entity || ' ' || from_status || ' ' || to_status ORDER BY entity, from_status, to_status)
      INTO legal FROM pressroom.transitions;
    EXECUTE format('CREATE OR REPLACE FUNCTION pressroom.is_legal(entity text, from_status text, to_status text) RETURNS boolean '
                   'LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$ SELECT entity || '' '' || from_status || '' '' || to_status '
                   '= ANY (%L::text[]) $f$', legal);
END $$;

SELECT pressroom.define_legal_transitions();
