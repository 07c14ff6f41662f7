import Postgres
package import Workflow

extension Store {
    /// Counts a running step's call for another model than the one it was counted for, under the limits of calls at a time.
    ///
    /// - Parameter limits: those that bind the model; at least one.
    /// - Returns: false when there is no room: the step then counts for no model, until this is tried again. A step that no
    ///   longer runs gets none.
    package func moveCall(of step: ClaimedStep, to model: ModelName, _ limits: ScopedModelLimits) async throws -> Bool {
        try await database.withTransaction { connection in
            // In turn with the claims under these limits, so that what is counted stays true.
            _ = try await connection.pipeline(Self.lockModelRates(limits.keys.sorted()))
            let held = try await connection.query(
                """
                INSERT INTO pressroom.fallback_calls (tenant_id, step_id, attempt, model)
                SELECT tenant_id, id, attempt, NULL FROM pressroom.steps
                 WHERE tenant_id = \(step.tenantID) AND id = \(step.id) AND attempt = \(step.attempt) AND status = 'running'
                ON CONFLICT (tenant_id, step_id) DO UPDATE SET attempt = EXCLUDED.attempt, model = NULL
                RETURNING step_id
                """)
            guard !held.isEmpty else { return false }
            let rooms = try Self.modelRooms(try await connection.query(Self.modelRooms(limits)), limits)
            let hasRoom = rooms.values.allSatisfy { room in
                guard let limit = room.limits.concurrency, let running = room.running else { return true }
                return running < limit
            }
            guard hasRoom else { return false }
            _ = try await connection.query(
                """
                UPDATE pressroom.fallback_calls SET model = \(model.description)
                 WHERE tenant_id = \(step.tenantID) AND step_id = \(step.id) AND attempt = \(step.attempt)
                """)
            return true
        }
    }

    /// The step's calls are over.
    package func endMovedCalls(of step: ClaimedStep) async throws {
        _ = try await database.query(
            """
            DELETE FROM pressroom.fallback_calls
             WHERE tenant_id = \(step.tenantID) AND step_id = \(step.id) AND attempt = \(step.attempt)
            """)
    }
}
