-- A queue of steps and nothing else.
DROP TABLE IF EXISTS bench_steps;
CREATE TABLE bench_steps (
    id bigserial PRIMARY KEY,
    status text NOT NULL DEFAULT 'pending',
    output jsonb,
    started_at timestamptz,
    completed_at timestamptz
);
CREATE INDEX bench_steps_pending ON bench_steps (id) WHERE status = 'pending';
INSERT INTO bench_steps SELECT FROM generate_series(1, 400000);
VACUUM ANALYZE bench_steps;
