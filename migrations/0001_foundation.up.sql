-- Helpers every later migration uses, and the legal transitions of every state machine.

CREATE FUNCTION pressroom.uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    -- RFC 9562, section 5.7: 48 bits of Unix milliseconds over a random (version 4) UUID.
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid
$$;

-- Timestamps leave the database in one form only: ISO 8601, UTC, microseconds.
CREATE FUNCTION pressroom.iso(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- The same table stands in Sources/Workflow/States/Transitions.swift; a test proves them equal.
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
    ('phase', 'failed',  'running'),
    ('phase', 'skipped', 'pending'),
    ('step', 'pending',  'running waiting cancelled skipped completed failed'),
    ('step', 'running',  'completed failed retrying waiting pending cancelled'),
    ('step', 'waiting',  'pending running completed failed cancelled skipped'),
    ('step', 'retrying', 'running pending cancelled failed skipped'),
    ('step', 'failed',   'running pending'),
    ('output', 'pending_write',   'writing failed'),
    ('output', 'writing',         'pending_edit approved pending_write failed'),
    ('output', 'pending_edit',    'editing approved failed'),
    ('output', 'editing',         'approved pending_rewrite max_cycles_reached pending_edit failed'),
    ('output', 'pending_rewrite', 'rewriting failed'),
    ('output', 'rewriting',       'pending_edit pending_rewrite failed'),
    ('output', 'failed',          'pending_write pending_edit pending_rewrite'),
    ('evaluation', 'pending',    'processing failed'),
    ('evaluation', 'processing', 'completed failed pending'),
    ('evaluation', 'failed',     'pending')
) AS machine (entity, from_status, targets);
