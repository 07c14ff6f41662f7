package import Foundation
import Postgres

/// How a draft came to be what it is, in one answer: its texts, what judges said of it, and each step that worked on it with its
/// runs and the requests of these, in order.
package struct StoryRequest: Sendable {
    /// Whether requests and responses come with their calls.
    package var hasBodies = false
    /// How many bytes of them at most, the first ones.
    package var maxBodyBytes = 8 << 20
    /// How many texts, and runs of steps, at most, the last ones.
    package var maxRows = 500

    package init() {}
}

extension Store {
    /// The story of an output: `{"output", "versions", "evaluations", "steps", "is_cut"}`; nil when the task has no such output.
    ///
    /// A step has `attempts`, and each of these its `calls`. The steps are those that worked on the output alone, and those
    /// that judged it, perhaps among others. One statement, and so one snapshot.
    package func outputStory(
        _ scope: Scope, _ taskID: UUID, outputID: UUID, _ request: StoryRequest = StoryRequest()
    ) async throws -> JSONText? {
        let tenant = scope.tenantID
        let call: PostgresQuery = request.hasBodies ? "\(raw: CallRow.withBodies)" : "pressroom.call_text(c)"
        let rows = try await query(
            scope,
            """
            WITH texts AS MATERIALIZED (
                SELECT v.version_number, pressroom.output_version_text(v) AS text FROM pressroom.output_versions v
                 WHERE v.tenant_id = \(tenant) AND v.task_id = \(taskID) AND v.output_id = \(outputID)
                 ORDER BY v.version_number DESC LIMIT \(request.maxRows + 1)
            ), work AS MATERIALIZED (
                SELECT s.id, s.created_at, s.sequence, pressroom.step_text(s) AS text FROM pressroom.steps s
                 WHERE s.tenant_id = \(tenant) AND s.task_id = \(taskID)
                   AND (s.output_id = \(outputID)
                        OR s.id IN (SELECT e.step_id FROM pressroom.evaluations e
                                     WHERE e.tenant_id = \(tenant) AND e.task_id = \(taskID) AND e.output_id = \(outputID)))
            ), runs AS MATERIALIZED (
                SELECT a.step_id, a.attempt, pressroom.attempt_text(a) AS text,
                       row_number() OVER (ORDER BY a.ended_at DESC, a.id DESC) AS place
                  FROM work w JOIN pressroom.attempts a
                    ON a.tenant_id = \(tenant) AND a.task_id = \(taskID) AND a.step_id = w.id
                 ORDER BY place LIMIT \(request.maxRows + 1)
            ), sized AS MATERIALIZED (
                SELECT c.id, sum(coalesce(octet_length(b.request), 0) + coalesce(octet_length(b.response), 0)) OVER (ORDER BY c.id) AS bytes
                  FROM runs r JOIN pressroom.calls c
                    ON c.tenant_id = \(tenant) AND c.task_id = \(taskID) AND c.step_id = r.step_id AND c.attempt = r.attempt
                  LEFT JOIN pressroom.call_bodies b
                    ON \(request.hasBodies)::boolean AND b.tenant_id = \(tenant) AND b.call_id = c.id
                 WHERE r.place <= \(request.maxRows)
            ), made AS MATERIALIZED (
                SELECT c.step_id, c.attempt, c.sequence, \(part: call) AS text
                  FROM sized z JOIN pressroom.calls c ON c.tenant_id = \(tenant) AND c.id = z.id
                  LEFT JOIN pressroom.call_bodies b
                    ON \(request.hasBodies)::boolean AND z.bytes <= \(request.maxBodyBytes) AND b.tenant_id = \(tenant) AND b.call_id = z.id
            )
            SELECT '{"output":' || pressroom.output_text(o)
                   || ',"versions":[' || coalesce((SELECT string_agg(t.text, ',' ORDER BY t.version_number)
                         FROM (SELECT * FROM texts ORDER BY version_number DESC LIMIT \(request.maxRows)) AS t), '')
                   || '],"evaluations":[' || coalesce((
                         SELECT string_agg(pressroom.evaluation_text(e), ',' ORDER BY e.created_at, e.id) FROM pressroom.evaluations e
                          WHERE e.tenant_id = \(tenant) AND e.task_id = \(taskID) AND e.output_id = \(outputID)), '')
                   || '],"steps":[' || coalesce((
                         SELECT string_agg(left(w.text, -1) || ',"attempts":[' || coalesce(a.text, '') || ']}', ','
                                           ORDER BY w.created_at, w.sequence, w.id)
                           FROM work w LEFT JOIN LATERAL (
                                SELECT string_agg(left(r.text, -1) || ',"calls":[' || coalesce((
                                           SELECT string_agg(m.text, ',' ORDER BY m.sequence) FROM made m
                                            WHERE m.step_id = r.step_id AND m.attempt = r.attempt), '') || ']}', ',' ORDER BY r.attempt) AS text
                                  FROM runs r WHERE r.step_id = w.id AND r.place <= \(request.maxRows)) AS a ON true), '')
                   || '],"is_cut":' || ((SELECT count(*) > \(request.maxRows) FROM texts) OR (SELECT count(*) > \(request.maxRows) FROM runs)
                                        OR EXISTS (SELECT FROM sized z WHERE z.bytes > \(request.maxBodyBytes)))::text || '}' AS story
              FROM pressroom.outputs o
             WHERE o.tenant_id = \(tenant) AND o.task_id = \(taskID) AND o.id = \(outputID)
            """)
        return rows.first.map { JSONText(bytes: $0["story"].bytes ?? []) }
    }
}
