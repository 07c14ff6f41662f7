package import Foundation
import Postgres
import Workflow

extension Store {
    /// The events that carry one row with a status, each with the member that holds it.
    private static let historicEvents: KeyValuePairs<EventType, String> = [
        .taskUpdated: "task", .phaseChanged: "phase", .stepUpdated: "step", .outputUpdated: "output",
        .evaluationUpdated: "evaluation", .humanTaskUpdated: "human_task",
    ]

    /// Every transition of the task and its rows, newest first, as the retained part of the log tells it.
    ///
    /// Each item: `entity` (task, phase, step, output, evaluation, human_task), `entity_id`, `from` (null for a new row), `to`, `at`,
    /// `cursor`, `actor`.
    package func history(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        let (position, ordinal) = try page.pairBelow()
        let events = Self.historicEvents.map { "('\($0.key.rawValue)', '\($0.value)')" }.joined(separator: ", ")
        let rows = try await query(
            scope,
            """
            WITH changes AS (
                SELECT e.position, 0::bigint AS ordinal, e.created_at, e.actor, kind.entity,
                       coalesce(e.payload -> kind.entity ->> 'id', e.payload -> kind.entity ->> 'task_id') AS entity_id,
                       e.payload -> kind.entity ->> 'status' AS status
                  FROM pressroom.events e
                  JOIN (VALUES \(raw: events)) AS kind (type, entity)
                    ON kind.type = e.type
                 WHERE e.tenant_id = \(scope.tenantID) AND e.task_id = \(taskID)
                UNION ALL
                SELECT e.position, step.ordinal, e.created_at, e.actor, 'step', step.value ->> 'id',
                       step.value ->> 'status'
                  FROM pressroom.events e
                 CROSS JOIN json_array_elements(e.payload -> 'steps') WITH ORDINALITY AS step (value, ordinal)
                 WHERE e.tenant_id = \(scope.tenantID) AND e.task_id = \(taskID) AND e.type = '\(raw: EventType.queueBuilt.rawValue)'
            ), transitions AS (
                SELECT *, lag(status) OVER (PARTITION BY entity, entity_id ORDER BY position, ordinal) AS previous
                  FROM changes
            )
            SELECT t.position || '.' || t.ordinal AS key,
                   json_build_object('entity', t.entity, 'entity_id', t.entity_id, 'from', t.previous, 'to', t.status,
                                     'at', pressroom.iso(t.created_at), 'cursor', h.epoch || '.' || t.position,
                                     'actor', t.actor) AS item
              FROM transitions t JOIN pressroom.stream_heads h ON h.tenant_id = \(scope.tenantID)
             WHERE t.status IS DISTINCT FROM t.previous AND (t.position, t.ordinal) < (\(position)::bigint, \(ordinal)::bigint)
             ORDER BY t.position DESC, t.ordinal DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit)
    }
}
