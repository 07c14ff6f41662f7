import Base
package import Foundation
import Postgres
import Workflow

extension Store {
    /// The tenants that have tasks to look at, in random order, so that each gets its turn.
    package func tenantsWithDueWakeups() async throws -> [String] {
        try await query(
            .wakeups,
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
        try await query(
            scope,
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

    /// Takes the due wake-ups of these tasks and lets `body` look at the tasks, in one transaction. Tasks that
    /// another session holds are left out; they stay due. Returns how many were looked at, and what came of it.
    package func wakeTasks<T: Sendable>(
        _ scope: Scope, _ taskIDs: [UUID], _ body: @Sendable (inout [TaskGraph]) throws -> T
    ) async throws -> (woken: Int, commit: TaskGraphCommit<T>?) {
        try await write(scope) { transaction in
            // The task before its wake-up, as everywhere.
            let free = try await transaction.query(
                """
                SELECT task_id FROM pressroom.tasks
                 WHERE tenant_id = \(scope.tenantID) AND task_id = ANY(\(taskIDs)::uuid[])
                 ORDER BY task_id FOR NO KEY UPDATE SKIP LOCKED
                """
            ).map { try $0.decode("task_id", as: UUID.self) }
            let taken = try await transaction.query(
                """
                DELETE FROM pressroom.wakeups
                 WHERE tenant_id = \(scope.tenantID) AND task_id = ANY(\(free)::uuid[]) AND run_at <= now()
                RETURNING task_id
                """
            ).map { try $0.decode("task_id", as: UUID.self) }
            guard !taken.isEmpty else { return (0, nil) }
            return (taken.count, try await changeTaskGraphs(transaction, scope, taken, endsTransaction: true, body))
        }
    }

    /// Has a task looked at later, because it could not be looked at now.
    package func postponeWakeup(_ scope: Scope, taskID: UUID, by delay: Duration) async throws {
        _ = try await query(
            scope,
            """
            UPDATE pressroom.wakeups SET run_at = now() + make_interval(secs => \(delay / .seconds(1)))
             WHERE tenant_id = \(scope.tenantID) AND task_id = \(taskID)
            """)
    }

    /// Wakes tasks that run with nothing left to run: an operator may have closed their last step by hand. Returns how many.
    package func wakeIdleTasks() async throws -> Int {
        try await query(
            .wakeups,
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

    /// Wakes tasks after some seconds (`run_in`), or earlier where they are due before.
    static func upsertWakeups(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.wakeups (tenant_id, task_id, run_at)
        SELECT \(tenant), r.task_id, now() + make_interval(secs => r.run_in)
          FROM json_to_recordset(\(rows)::json) AS r (task_id uuid, run_in double precision)
        ON CONFLICT (tenant_id, task_id) DO UPDATE SET run_at = least(wakeups.run_at, EXCLUDED.run_at)
        """
    }
}

extension Store {
    /// Carries out what other transactions asked for, a request at a time. This may wait for a row, because it holds nothing
    /// meanwhile. Returns how many were done; one whose task another session holds is left for the next time.
    ///
    /// - Parameter scope: the scope of each tenant's changes.
    package func relayWakeRequests(_ scope: @Sendable (String) -> Scope, limit: Int = 500) async throws -> Int {
        let requests = try await query(
            .wakeups,
            """
            SELECT r.tenant_id, r.id, r.task_id, r.action
              FROM pressroom.tenants JOIN pressroom.wake_requests r USING (tenant_id)
             ORDER BY r.tenant_id, r.id LIMIT \(limit)
            """)
        var done = 0
        for request in requests {
            let (tenant, id): (String, Int64) = (try request.decode("tenant_id"), try request.decode("id"))
            let isCancellation = try request.decode("action", as: String.self) == "cancel"
            let taskID: UUID = try request.decode("task_id")
            do {
                if isCancellation, try await !cancelled(scope(tenant), taskID) { continue }
                try await relay(tenant, id)
                done += 1
            } catch where (error as? PostgresError)?.isConnectionProblem != true && !(error is CancellationError) {
                continue  // the others do not wait for it; it is tried again
            }
        }
        return done
    }

    private func relay(_ tenant: String, _ id: Int64) async throws {
        _ = try await database.query(
            in: tenant,
            """
            WITH request AS (
                DELETE FROM pressroom.wake_requests WHERE tenant_id = \(tenant) AND id = \(id)
                RETURNING tenant_id, task_id, action
            )
            INSERT INTO pressroom.wakeups (tenant_id, task_id)
            SELECT t.tenant_id, t.task_id FROM request JOIN pressroom.tasks t USING (tenant_id, task_id)
             WHERE request.action = 'reread' OR request.action = 'look' AND t.status IN ('pending', 'running', 'waiting')
            ON CONFLICT (tenant_id, task_id) DO UPDATE SET run_at = least(wakeups.run_at, EXCLUDED.run_at)
            """)
    }

    /// Whether the task is over now, or gone.
    private func cancelled(_ scope: Scope, _ taskID: UUID) async throws -> Bool {
        do {
            _ = try await transitionTask(scope, taskID, .cancel, ifVersion: nil)
            return true
        } catch let error as StoreError where error.code == .notFound {
            return true
        } catch let error as StoreError where error.code == .conflict {
            return error.status != nil  // it had ended; without a status, another session holds one of its rows
        }
    }
}
