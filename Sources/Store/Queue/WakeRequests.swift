import Postgres
import Workflow

extension Store {
    /// Turns what other transactions asked for into wake-ups, a request at a time: here somebody may be waited for,
    /// because nothing is held meanwhile. Answers how many there were.
    package func relayWakeRequests(limit: Int = 500) async throws -> Int {
        let requests = try await database.query(
            """
            SELECT r.tenant_id, r.id, r.task_id FROM pressroom.tenants JOIN pressroom.wake_requests r USING (tenant_id)
             ORDER BY r.tenant_id, r.id LIMIT \(limit)
            """)
        for request in requests {
            let (tenant, id): (String, Int64) = (try request.decode("tenant_id"), try request.decode("id"))
            _ = try await database.query(
                """
                WITH request AS (
                    DELETE FROM pressroom.wake_requests WHERE tenant_id = \(tenant) AND id = \(id) RETURNING tenant_id, task_id
                )
                INSERT INTO pressroom.wakeups (tenant_id, task_id)
                SELECT t.tenant_id, t.task_id FROM request JOIN pressroom.tasks t USING (tenant_id, task_id)
                 WHERE t.status IN ('pending', 'running', 'waiting')
                ON CONFLICT (tenant_id, task_id) DO UPDATE SET run_at = least(wakeups.run_at, EXCLUDED.run_at)
                """)
        }
        return requests.count
    }
}
