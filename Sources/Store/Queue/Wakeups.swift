package import Foundation
import Postgres
import Workflow

extension Store {
    /// The tenants that have tasks to look at, in random order (so that each gets its turn).
    package func tenantsWithDueWakeups() async throws -> [String] {
        try await database.query(
            """
            SELECT t.tenant_id FROM pressroom.tenants t
             CROSS JOIN LATERAL (SELECT FROM pressroom.wakeups w
                                  WHERE w.tenant_id = t.tenant_id AND w.run_at <= now() LIMIT 1) due
             ORDER BY random()
            """
        ).map { try $0.decode(0, as: String.self) }
    }

    /// The tasks to look at first: those that were started with a priority above 0, then by time.
    package func dueWakeups(_ scope: Scope, limit: Int) async throws -> [UUID] {
        try await database.query(
            """
            (SELECT task_id FROM pressroom.wakeups
              WHERE tenant_id = \(scope.tenantID) AND priority > 0 AND run_at <= now()
              ORDER BY priority DESC, run_at LIMIT \(limit))
            UNION ALL
            (SELECT task_id FROM pressroom.wakeups
              WHERE tenant_id = \(scope.tenantID) AND priority <= 0 AND run_at <= now() ORDER BY run_at LIMIT \(limit))
             LIMIT \(limit)
            """
        ).map { try $0.decode("task_id", as: UUID.self) }
    }

    /// Takes the due wake-ups of these tasks and lets `body` look at the tasks, in one transaction. Tasks that somebody
    /// else holds are left out; they stay due. Answers how many were looked at, and what came of it.
    package func wakeTasks<T: Sendable>(
        _ scope: Scope, _ taskIDs: [UUID], _ body: @Sendable (inout [TaskGraph]) throws -> T
    ) async throws -> (woken: Int, commit: TaskGraphCommit<T>?) {
        try await write(scope) { connection in
            // The task before its wake-up, as everywhere.
            let free = try await connection.query(
                """
                SELECT task_id FROM pressroom.tasks
                 WHERE tenant_id = \(scope.tenantID) AND task_id = ANY(\(taskIDs)::uuid[])
                 ORDER BY task_id FOR NO KEY UPDATE SKIP LOCKED
                """
            ).map { try $0.decode("task_id", as: UUID.self) }
            let taken = try await connection.query(
                """
                DELETE FROM pressroom.wakeups
                 WHERE tenant_id = \(scope.tenantID) AND task_id = ANY(\(free)::uuid[]) AND run_at <= now()
                RETURNING task_id
                """
            ).map { try $0.decode("task_id", as: UUID.self) }
            guard !taken.isEmpty else { return (0, nil) }
            return (taken.count, try await changeTaskGraphs(connection, scope, taken, body))
        }
    }

    /// Looks at a task later, because it could not be looked at now.
    package func postponeWakeup(_ scope: Scope, taskID: UUID, by delay: Duration) async throws {
        _ = try await database.query(
            """
            UPDATE pressroom.wakeups SET run_at = now() + make_interval(secs => \(delay / .seconds(1)))
             WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID)
            """)
    }

    /// Wakes tasks that run with nothing left to run: an operator may have closed their last step by hand.
    package func wakeIdleTasks() async throws -> Int {
        try await database.query(
            """
            INSERT INTO pressroom.wakeups (tenant_id, task_id)
            SELECT idle.tenant_id, idle.task_id FROM pressroom.tenants
             CROSS JOIN LATERAL (
                   SELECT t.tenant_id, t.task_id FROM pressroom.tasks t
                    WHERE t.tenant_id = tenants.tenant_id AND t.status IN ('running', 'waiting')
                      AND t.updated_at < now() - interval '1 second'
                      AND NOT EXISTS (SELECT FROM pressroom.steps s
                                       WHERE s.tenant_id = t.tenant_id AND s.task_id = t.task_id
                                         AND (s.status IN ('running', 'retrying', 'waiting')
                                              OR s.status = 'pending' AND s.run_at IS NOT NULL))
                   -- Tenant by tenant: what is over is most of the index.
                   OFFSET 0) idle
            ON CONFLICT (tenant_id, task_id) DO UPDATE SET run_at = least(wakeups.run_at, EXCLUDED.run_at)
            """
        ).affectedRows
    }
}
