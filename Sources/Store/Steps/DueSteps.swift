import Foundation
import Postgres
package import Workflow

/// What waits to be claimed, of all tenants.
package struct WaitingQueues: Sendable {
    /// The queues with a step that is due.
    package let queues: [String: [StepQueue]]
    /// The best priority of a due step in each of them.
    package let priorities: [String: [StepQueue: Int]]
    /// How much capacity the limits of models leave.
    package let models: [String: ModelCapacity]
    package let hasSeveralTenants: Bool
    /// How many steps of each tenant that has a limit of its own may run at a time.
    package let tenantSteps: [String: Int]
}

extension Store {
    /// The queues that have due steps, of all tenants.
    package func waitingQueues(_ limits: ClaimLimits) async throws -> WaitingQueues {
        let queries: [PostgresQuery] = [
            Self.waitingQueuesQuery,
            "SELECT count(*) > 1 AS several FROM (SELECT FROM pressroom.tenants LIMIT 2) t",
            "SELECT tenant_id, max_steps FROM pressroom.tenants WHERE max_steps IS NOT NULL",
        ]
        let results = try await pipeline(
            .claims, limits.models.isEmpty ? queries : queries + [Self.modelCapacities(limits.models)])
        var queues: [String: [StepQueue]] = [:]
        var priorities: [String: [StepQueue: Int]] = [:]
        for row in results[0] {
            let (tenantID, queue) = (try row.decode("tenant_id", as: String.self), StepQueue(try row.decode("queue")))
            queues[tenantID, default: []].append(queue)
            priorities[tenantID, default: [:]][queue] = try row.decode("priority")
        }
        var tenantSteps: [String: Int] = [:]
        for row in results[2] { tenantSteps[try row.decode("tenant_id")] = try row.decode("max_steps", as: Int.self) }
        return WaitingQueues(
            queues: queues, priorities: priorities,
            models: limits.models.isEmpty ? [:] : try Self.modelCapacities(results[3], limits.models),
            hasSeveralTenants: try results[1][0].decode("several"), tenantSteps: tenantSteps)
    }

    /// Of a recursive statement: `queues (tenant_id, queue)`, each queue with waiting steps once.
    ///
    /// - Parameter tenantID: only its queues; nil for those of all tenants.
    static func waitingQueueNames(of tenantID: String? = nil) -> PostgresQuery {
        let tenant: PostgresQuery = tenantID.map { "s.tenant_id = \($0) AND" } ?? ""
        return """
            queues AS (
                (SELECT s.tenant_id, s.queue FROM pressroom.steps s
                  WHERE \(part: tenant) s.status IN ('pending', 'retrying') AND s.run_at IS NOT NULL
                  ORDER BY s.tenant_id, s.queue LIMIT 1)
                UNION ALL
                SELECT next.tenant_id, next.queue
                  FROM queues q CROSS JOIN LATERAL (
                       SELECT s.tenant_id, s.queue FROM pressroom.steps s
                        WHERE \(part: tenant) s.status IN ('pending', 'retrying') AND s.run_at IS NOT NULL
                          AND (s.tenant_id, s.queue) > (q.tenant_id, q.queue)
                        ORDER BY s.tenant_id, s.queue LIMIT 1) next
            )
            """
    }

    /// Goes from queue to queue in the index of waiting steps: its cost grows with the queues, not with the steps, and not
    /// with tenants that have nothing to do.
    static var waitingQueuesQuery: PostgresQuery {
        """
        WITH RECURSIVE \(part: waitingQueueNames())
        SELECT q.tenant_id, q.queue, due.priority
          FROM queues q CROSS JOIN LATERAL (
               SELECT s.priority FROM pressroom.steps s
                WHERE s.tenant_id = q.tenant_id AND s.queue = q.queue
                  AND s.status IN ('pending', 'retrying') AND s.run_at <= now()
                ORDER BY s.priority DESC, s.run_at LIMIT 1) due
        """
    }
}

/// The waiting steps of a tenant that the same limits bind, as in `steps.queue`: the model, and behind a space the
/// workflow where that limits its steps. Steps without either are in the queue "".
package struct StepQueue: Sendable, Hashable {
    package let name: String

    package init(_ name: String) {
        self.name = name
    }

    package var model: ModelName? {
        name.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).first.flatMap { ModelName(String($0)) }
    }

    package var workflow: String? {
        let parts = name.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[1]) : nil
    }
}

/// A step that may be claimed, its row and all that moves with it locked.
struct DueStep {
    let id: UUID
    let kind: String
    let queue: StepQueue
    /// Whether its phase or its task is `waiting`, and so is to run now.
    let wakesPhase: Bool
    let wakesTask: Bool

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        kind = try row.decode("kind")
        queue = StepQueue(try row.decode("queue"))
        wakesPhase = try row.decode("phase_status", as: String.self) == "waiting"
        wakesTask = try row.decode("task_status", as: String.self) == "waiting"
    }

    /// Locks the best due steps of each queue; the best of all come first.
    ///
    /// What moves with a step (its task, its phase, the output it writes or edits, the evaluations it makes) is looked
    /// up one by one by its key, whatever the planner expects, so that the scan ends when it has what it needs. A step
    /// with a row that another session holds is passed over.
    static func query(_ tenant: String, _ queues: [StepQueue], limit: Int) -> PostgresQuery {
        let names = queues.map(\.name)
        return """
            SELECT due.id, due.kind, q.queue, due.task_status, due.phase_status
              FROM unnest(\(names)::text[]) AS q (queue) CROSS JOIN LATERAL (
                   SELECT s.id, s.kind, s.priority, s.run_at, task.status AS task_status, phase.status AS phase_status
                     FROM pressroom.steps s
                    CROSS JOIN LATERAL (
                          SELECT t.status FROM pressroom.tasks t
                           WHERE t.tenant_id = s.tenant_id AND t.task_id = s.task_id AND t.status IN ('running', 'waiting')
                          OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED) task
                    CROSS JOIN LATERAL (
                          SELECT p.status FROM pressroom.phases p
                           WHERE p.tenant_id = s.tenant_id AND p.task_id = s.task_id AND p.id = s.phase_id
                             AND p.status IN ('running', 'waiting')
                          OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED) phase
                    CROSS JOIN LATERAL (
                          SELECT 1 WHERE s.kind NOT IN ('write', 'rewrite', 'edit') OR s.output_id IS NULL
                          UNION ALL
                          SELECT 1 FROM (
                              SELECT FROM pressroom.outputs o
                               WHERE o.tenant_id = s.tenant_id AND o.task_id = s.task_id AND o.id = s.output_id
                                 AND s.kind IN ('write', 'rewrite', 'edit')
                              OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED) held) output
                    CROSS JOIN LATERAL (
                          SELECT 1 WHERE s.kind NOT IN ('evaluate', 'rank')
                          UNION ALL
                          SELECT 1 FROM (
                              SELECT FROM pressroom.evaluations e
                               WHERE e.tenant_id = s.tenant_id AND e.task_id = s.task_id AND e.step_id = s.id
                                 AND s.kind IN ('evaluate', 'rank')
                              OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED) held
                          HAVING count(*) > 0
                             AND count(*) = (SELECT count(*) FROM pressroom.evaluations e
                                              WHERE e.tenant_id = s.tenant_id AND e.task_id = s.task_id AND e.step_id = s.id)
                          ) evaluations
                    WHERE s.tenant_id = \(tenant) AND s.queue = q.queue COLLATE "C"
                      AND s.status IN ('pending', 'retrying') AND s.run_at <= now()
                    ORDER BY s.priority DESC, s.run_at, s.id LIMIT \(limit)
                      FOR NO KEY UPDATE OF s SKIP LOCKED) due
             ORDER BY due.priority DESC, due.run_at, due.id
            """
    }
}
