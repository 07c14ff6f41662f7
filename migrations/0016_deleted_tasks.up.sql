-- Which positions of a tenant's log belonged to tasks that were deleted: a hole there is none that something was lost in.
-- The rows go when their positions are past retention.
CREATE TABLE pressroom.deleted_tasks (
    tenant_id  text NOT NULL REFERENCES pressroom.tenants,
    task_id    uuid NOT NULL,
    positions  int8multirange NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, task_id)
);

-- Every hole that there is: the tasks that were deleted before.
INSERT INTO pressroom.deleted_tasks (tenant_id, task_id, positions)
SELECT h.tenant_id, '00000000-0000-0000-0000-000000000000', holes.positions
  FROM pressroom.stream_heads h
 CROSS JOIN LATERAL (
        SELECT range_agg(int8range(position, next, '()')) AS positions
          FROM (SELECT position, lead(position, 1, h.position + 1) OVER (ORDER BY position) AS next
                  FROM (SELECT h.pruned AS position
                         UNION ALL
                        SELECT position FROM pressroom.events e WHERE e.tenant_id = h.tenant_id) AS known) AS neighbours
         WHERE next > position + 1) AS holes
 WHERE holes.positions IS NOT NULL;
