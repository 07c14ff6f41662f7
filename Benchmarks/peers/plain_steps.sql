-- One step for pgbench: a transaction that claims it and one that completes it.
UPDATE bench_steps SET status = 'running', started_at = clock_timestamp()
 WHERE id = (SELECT id FROM bench_steps WHERE status = 'pending' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id \gset
UPDATE bench_steps SET status = 'completed', completed_at = clock_timestamp(),
       output = jsonb_build_object('content', repeat('x', 500))
 WHERE id = :id AND status = 'running';
