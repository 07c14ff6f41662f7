-- The query of GET …/state (Sources/Store/Tasks/StateSnapshot.swift), for pgbench: keep the two the same. It runs as the role
-- that the service takes, with the same tenant; scripts/bench sets both when it connects. :task is the task's id.
SELECT h.epoch, h.position, h.privacy, t.status,
       pressroom.access_position(t.tenant_id) AS access_position,
       json_build_object('cursor', h.epoch || '.' || h.position, 'status', t.status, 'phase', t.phase,
                         'progress', t.progress) AS summary,
       pressroom.task_text(t)::json AS task,
       (SELECT json_agg(pressroom.phase_json(p) ORDER BY p.ordinal) FROM pressroom.phases p
         WHERE p.tenant_id = t.tenant_id AND p.task_id = t.task_id) AS phases,
       CASE WHEN true THEN
           (SELECT json_agg(pressroom.step_json(s) ORDER BY s.sequence, s.id) FROM pressroom.steps s
             WHERE s.tenant_id = t.tenant_id AND s.task_id = t.task_id) END AS steps,
       (SELECT json_agg(pressroom.output_json(o) ORDER BY o.created_at, o.id) FROM pressroom.outputs o
         WHERE o.tenant_id = t.tenant_id AND o.task_id = t.task_id) AS outputs,
       CASE WHEN false THEN
           (SELECT json_agg(pressroom.output_version_json(v) ORDER BY v.created_at, v.id)
              FROM pressroom.output_versions v
             WHERE v.tenant_id = t.tenant_id AND v.task_id = t.task_id) END AS output_versions,
       (SELECT json_agg(pressroom.evaluation_json(e) ORDER BY e.created_at, e.id) FROM pressroom.evaluations e
         WHERE e.tenant_id = t.tenant_id AND e.task_id = t.task_id) AS evaluations,
       (SELECT json_agg(pressroom.ranking_json(r) ORDER BY r.created_at, r.id) FROM pressroom.rankings r
         WHERE r.tenant_id = t.tenant_id AND r.task_id = t.task_id) AS rankings,
       CASE WHEN false THEN
           (SELECT json_agg(pressroom.log_json(l) ORDER BY l.created_at, l.id) FROM pressroom.logs l
             WHERE l.tenant_id = t.tenant_id AND l.task_id = t.task_id) END AS logs,
       (SELECT json_agg(pressroom.human_task_json(u) ORDER BY u.created_at, u.id) FROM pressroom.human_tasks u
         WHERE u.tenant_id = t.tenant_id AND u.task_id = t.task_id) AS human_tasks,
       (SELECT json_agg(CASE WHEN o.id IS NOT NULL
                             THEN json_build_object('output_id', l.output_id, 'version_number', l.version_number,
                                                    'text', l.text)
                             ELSE json_build_object('step_id', l.step_id, 'attempt', l.attempt, 'text', l.text)
                        END ORDER BY l.text_id)
          FROM pressroom.live_texts l
          LEFT JOIN pressroom.outputs o ON o.tenant_id = l.tenant_id AND o.id = l.output_id
           AND o.version_number < l.version_number
          LEFT JOIN pressroom.steps s ON true AND l.output_id IS NULL AND s.tenant_id = l.tenant_id
           AND s.id = l.step_id AND s.attempt = l.attempt AND s.status = 'running'
         WHERE l.tenant_id = t.tenant_id AND l.task_id = t.task_id AND (o.id IS NOT NULL OR s.id IS NOT NULL)
       ) AS live
  FROM pressroom.tasks t JOIN pressroom.stream_heads h USING (tenant_id)
 WHERE t.tenant_id = 'default' AND t.task_id = :task;
