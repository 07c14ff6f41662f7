import Postgres
import Workflow

/// What waits to be claimed, over all tenants.
package struct WaitingLanes: Sendable {
    /// The lanes with a step that is due.
    package let lanes: [String: [Lane]]
    /// The best priority of a due step in each of them.
    package let priorities: [String: [Lane: Int]]
    /// How much room the limits of models leave.
    package let models: [String: ModelRoom]
    package let hasSeveralTenants: Bool
}

extension Store {
    /// Looks which lanes of which tenants have due steps.
    package func waitingLanes(_ limits: ClaimLimits) async throws -> WaitingLanes {
        let queries: [PostgresQuery] = [
            Self.waitingLanesQuery,
            "SELECT count(*) > 1 AS several FROM (SELECT FROM pressroom.tenants LIMIT 2) t",
        ]
        let results = try await database.pipeline(
            limits.models.isEmpty ? queries : queries + [Self.modelRooms(limits.models)])
        var lanes: [String: [Lane]] = [:]
        var priorities: [String: [Lane: Int]] = [:]
        for row in results[0] {
            let (tenantID, lane) = (try row.decode("tenant_id", as: String.self), Lane(try row.decode("lane")))
            lanes[tenantID, default: []].append(lane)
            priorities[tenantID, default: [:]][lane] = try row.decode("priority")
        }
        return WaitingLanes(
            lanes: lanes, priorities: priorities, models: limits.models.isEmpty ? [:] : try Self.modelRooms(results[2], limits.models),
            hasSeveralTenants: try results[1][0].decode("several"))
    }

    /// Leaps from lane to lane in the index of waiting steps: its cost grows with the lanes and not with the steps, nor
    /// with tenants that have nothing to do.
    static var waitingLanesQuery: PostgresQuery {
        """
        WITH RECURSIVE lanes AS (
            (SELECT s.tenant_id, s.lane FROM pressroom.steps s
              WHERE s.status IN ('pending', 'retrying') AND s.run_at IS NOT NULL
              ORDER BY s.tenant_id, s.lane LIMIT 1)
            UNION ALL
            SELECT next.tenant_id, next.lane
              FROM lanes l CROSS JOIN LATERAL (
                   SELECT s.tenant_id, s.lane FROM pressroom.steps s
                    WHERE s.status IN ('pending', 'retrying') AND s.run_at IS NOT NULL
                      AND (s.tenant_id, s.lane) > (l.tenant_id, l.lane)
                    ORDER BY s.tenant_id, s.lane LIMIT 1) next
        )
        SELECT l.tenant_id, l.lane, due.priority
          FROM lanes l CROSS JOIN LATERAL (
               SELECT s.priority FROM pressroom.steps s
                WHERE s.tenant_id = l.tenant_id AND s.lane = l.lane
                  AND s.status IN ('pending', 'retrying') AND s.run_at <= now()
                ORDER BY s.priority DESC, s.run_at LIMIT 1) due
        """
    }
}
