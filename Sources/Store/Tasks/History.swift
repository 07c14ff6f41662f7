package import Foundation
import Postgres
import Workflow

extension Store {
    /// Every transition of the task and its rows, newest first: those that are kept, whose events are past retention, and
    /// those that the log tells since.
    ///
    /// Each item: `entity` (task, phase, step, output, evaluation, human_task), `entity_id`, `from` (null for a new row), `to`, `at`,
    /// `cursor`, `actor`.
    package func history(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        let (position, ordinal) = try page.pairBelow()
        let rows = try await query(
            scope,
            """
            SELECT t.position || '.' || t.ordinal AS key,
                   json_build_object('entity', t.entity, 'entity_id', t.entity_id, 'from', t."from", 'to', t."to",
                                     'at', pressroom.iso(t.at), 'cursor', h.epoch || '.' || t.position,
                                     'actor', t.actor) AS item
              FROM pressroom.task_history(\(scope.tenantID), \(taskID)) AS t
              JOIN pressroom.stream_heads h ON h.tenant_id = \(scope.tenantID)
             WHERE (t.position, t.ordinal) < (\(position)::bigint, \(ordinal)::bigint)
             ORDER BY t.position DESC, t.ordinal DESC LIMIT \(page.limit + 1)
            """)
        let total = try await total(
            scope, page, of: "FROM pressroom.task_history(\(scope.tenantID), \(taskID)) AS t")
        return ListPage(rows, limit: page.limit, total: total)
    }
}
