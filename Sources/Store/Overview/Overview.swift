package import Base
import Postgres
package import Workflow

extension Store {
    /// What a tenant's tasks are doing, and what became of them within the window, at one cursor.
    ///
    /// - Parameters:
    ///   - window: in the past.
    ///   - limits: those of this node's configuration, for the queues.
    ///   - examined: how many rows each count looks at, the newest first: whatever the tables hold, it costs no more.
    package func overview(
        _ scope: Scope, window: Duration, _ limits: ScopedModelLimits, examined: Int = 10_000
    ) async throws -> JSON {
        let tenant = scope.tenantID
        let seconds = window / .seconds(1)
        let statuses = TaskStatus.allCases.map(\.rawValue)
        // The first id of the window (RFC 9562, section 5.7).
        let firstID: PostgresQuery = """
            (lpad(to_hex((extract(epoch FROM now() - make_interval(secs => \(seconds))) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
            """
        let rows = try await query(
            scope,
            """
            WITH ended AS (
                SELECT t.status, t.ended_at - coalesce(t.started_at, t.created_at) AS took
                  FROM pressroom.tasks t
                 WHERE t.tenant_id = \(tenant) AND t.ended_at >= now() - make_interval(secs => \(seconds))
                 ORDER BY t.ended_at DESC LIMIT \(examined)
            ), made AS (
                SELECT c.model_asked, c.status, c.usage, extract(epoch FROM c.ended_at - c.sent_at)::float8 AS took
                  FROM pressroom.calls c WHERE c.tenant_id = \(tenant) AND c.id >= \(part: firstID) AND c.kind = 'chat'
                 ORDER BY c.id DESC LIMIT \(examined)
            )
            SELECT json_build_object(
                'cursor', h.epoch || '.' || h.position, 'at', pressroom.iso(now()),
                'tasks', (SELECT json_object_agg(s.status, (
                              SELECT count(*) FROM (SELECT FROM pressroom.tasks t WHERE t.tenant_id = \(tenant) AND t.status = s.status
                                                     LIMIT \(examined)) r) ORDER BY s.ordinal)
                            FROM unnest(\(statuses)::text[]) WITH ORDINALITY AS s (status, ordinal)),
                'steps', (SELECT coalesce(json_object_agg(r.status, r.count), '{}') FROM (
                              SELECT s.status, count(*) AS count
                                FROM (SELECT t.task_id FROM unnest('{running,waiting,paused}'::text[]) AS o (status) CROSS JOIN LATERAL (
                                             SELECT t.task_id FROM pressroom.tasks t WHERE t.tenant_id = \(tenant) AND t.status = o.status
                                              ORDER BY t.created_at DESC, t.task_id DESC LIMIT \(examined / 10)) AS t) AS t
                                JOIN pressroom.steps s ON s.tenant_id = \(tenant) AND s.task_id = t.task_id
                               WHERE s.status NOT IN ('completed', 'failed', 'skipped', 'cancelled') GROUP BY s.status) r),
                'started', (SELECT count(*) FROM (SELECT FROM pressroom.tasks t
                                                   WHERE t.tenant_id = \(tenant) AND t.created_at >= now() - make_interval(secs => \(seconds))
                                                   LIMIT \(examined)) r),
                'completed', (SELECT count(*) FROM ended WHERE status = 'completed'),
                'failed', (SELECT count(*) FROM ended WHERE status = 'failed'),
                'cancelled', (SELECT count(*) FROM ended WHERE status = 'cancelled'),
                'duration', (SELECT json_build_object(
                                 'p50', percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8),
                                 'p95', percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8))
                               FROM ended WHERE status = 'completed'),
                'errors', (SELECT coalesce(json_agg(json_build_object('code', r.code, 'count', r.count) ORDER BY r.count DESC, r.code), '[]')
                             FROM (SELECT a.error ->> 'code' AS code, count(*) AS count FROM (
                                          SELECT error FROM pressroom.attempts a
                                           WHERE a.tenant_id = \(tenant) AND a.id >= \(part: firstID) ORDER BY a.id DESC LIMIT \(examined)) a
                                    WHERE a.error ->> 'code' IS NOT NULL GROUP BY 1) r),
                'models', (SELECT coalesce(json_agg(json_build_object(
                                      'model', r.model_asked, 'calls', r.calls, 'failed', r.failed, 'prompt_tokens', r.prompt,
                                      'completion_tokens', r.completion, 'cost', r.cost, 'p50', r.p50, 'p95', r.p95) ORDER BY r.model_asked), '[]')
                             FROM (SELECT model_asked, count(*) AS calls, count(*) FILTER (WHERE status <> 'completed') AS failed,
                                          sum((usage ->> 'prompt_tokens')::numeric) AS prompt,
                                          sum((usage ->> 'completion_tokens')::numeric) AS completion,
                                          sum((usage ->> 'cost')::float8) AS cost,
                                          percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS p50,
                                          percentile_cont(0.95) WITHIN GROUP (ORDER BY took) AS p95
                                     FROM made GROUP BY model_asked) r),
                'human_tasks', (SELECT json_build_object('open', count(*), 'overdue', count(*) FILTER (WHERE r.due_at < now()))
                                  FROM (SELECT due_at FROM pressroom.human_tasks u
                                         WHERE u.tenant_id = \(tenant) AND u.status IN ('pending', 'claimed') LIMIT \(examined)) r)
                ) AS overview
              FROM pressroom.stream_heads h WHERE h.tenant_id = \(tenant)
            """)
        guard var overview = try rows.first?.json("overview")?.object else {
            throw StoreError(.notFound, "There is no tenant \(tenant).")
        }
        overview["window"] = .string(DurationText.text(of: window))
        overview["queues"] = .array(try await queues(scope, limits))
        overview["processors"] = .array(try await processors(scope))
        return .object(overview)
    }
}
