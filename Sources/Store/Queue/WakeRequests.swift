import Foundation
import Postgres
import Workflow

extension Store {
    /// Does what other transactions asked for, a request at a time: here somebody may be waited for, because nothing is
    /// held meanwhile. Answers how many were done; one whose task another session holds is left for the next time.
    ///
    /// - Parameter scope: for whom it is done, by tenant.
    package func relayWakeRequests(_ scope: @Sendable (String) -> Scope, limit: Int = 500) async throws -> Int {
        let requests = try await database.query(
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
            } catch let error as PostgresError where !error.isConnectionProblem {
                continue  // the others do not wait for it; it is tried again
            }
        }
        return done
    }

    private func relay(_ tenant: String, _ id: Int64) async throws {
        _ = try await database.query(
            """
            WITH request AS (
                DELETE FROM pressroom.wake_requests WHERE tenant_id = \(tenant) AND id = \(id)
                RETURNING tenant_id, task_id, action
            )
            INSERT INTO pressroom.wakeups (tenant_id, task_id)
            SELECT t.tenant_id, t.task_id FROM request JOIN pressroom.tasks t USING (tenant_id, task_id)
             WHERE request.action = 'look' AND t.status IN ('pending', 'running', 'waiting')
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
            return error.status != nil  // it had ended; without a status, somebody holds one of its rows
        }
    }
}
