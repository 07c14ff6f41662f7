package import Base
import Postgres
package import Workflow

/// What waits and runs for one model, or without one.
private struct QueueCount {
    var waiting = 0
    /// Whether more may wait than are counted.
    var isFloor = false
    var running = 0
    /// Since when the step that is due longest has waited.
    var oldest: String?

    func json(_ model: String, limit: Int?, all: QueueCount) -> JSON {
        let name = ModelName(model)
        return [
            "provider": name.map { .string($0.provider) } ?? .null, "model": name.map { .string($0.description) } ?? .null,
            "waiting": .integer(Int64(waiting)), "waiting_is_floor": .bool(isFloor), "running": .integer(Int64(running)),
            "limit": limit.map { .integer(Int64($0)) } ?? .null, "oldest": oldest.map(JSON.string) ?? .null,
            "others": [
                "waiting": .integer(Int64(max(0, all.waiting - waiting))), "running": .integer(Int64(max(0, all.running - running))),
            ],
        ]
    }
}

extension Store {
    /// The most steps of a queue that are counted.
    private static let maxCounted = 10_000

    /// The queues of a tenant by model: how much waits and runs, the limit of concurrent calls, and since when the step that
    /// is due longest has waited. Of other tenants only sums.
    ///
    /// - Parameter limits: those of this node's configuration.
    package func queues(_ scope: Scope, _ limits: ScopedModelLimits) async throws -> [JSON] {
        let own = try Self.counts(try await database.pipeline(in: scope, Self.queueCounts(of: scope.tenantID)))
        let all = try Self.counts(try await pipeline(.sums, Self.queueCounts(of: nil)))
        return own.keys.sorted().map { model in
            let scopes = ModelName(model).map { limits.scopes(of: $0) } ?? []
            let limit = scopes.compactMap { limits[$0]?.concurrency }.min()
            return (own[model] ?? QueueCount()).json(model, limit: limit, all: all[model] ?? QueueCount())
        }
    }

    private static func counts(_ results: [PostgresResult]) throws -> [String: QueueCount] {
        var counts: [String: QueueCount] = [:]
        for row in results[0] {
            var count = counts[try row.decode("model"), default: QueueCount()]
            count.waiting += try row.decode("waiting", as: Int.self)
            count.isFloor = try count.isFloor || row.decode("is_floor", as: Bool.self)
            if let oldest = try row.decode("oldest", as: String?.self) { count.oldest = count.oldest.map { min($0, oldest) } ?? oldest }
            counts[try row.decode("model")] = count
        }
        for row in results[1] { counts[try row.decode("model"), default: QueueCount()].running += try row.decode("running", as: Int.self) }
        return counts
    }

    /// What waits, queue by queue, and what runs.
    ///
    /// - Parameter tenantID: nil: of all tenants.
    private static func queueCounts(of tenantID: String?) -> [PostgresQuery] {
        let tenant: PostgresQuery = tenantID.map { "s.tenant_id = \($0) AND" } ?? ""
        return [
            """
            WITH RECURSIVE \(part: waitingQueueNames(of: tenantID))
            SELECT split_part(q.queue, ' ', 1) AS model, least(waiting.count, \(maxCounted)) AS waiting,
                   waiting.count > \(maxCounted) AS is_floor, pressroom.iso(waiting.oldest) AS oldest
              FROM queues q CROSS JOIN LATERAL (
                   SELECT count(*) AS count, min(w.run_at) FILTER (WHERE w.run_at <= now()) AS oldest
                     FROM (SELECT s.run_at FROM pressroom.steps s
                            WHERE s.tenant_id = q.tenant_id AND s.queue = q.queue
                              AND s.status IN ('pending', 'retrying') AND s.run_at IS NOT NULL LIMIT \(maxCounted + 1)) w) waiting
            """,
            """
            SELECT split_part(s.queue, ' ', 1) AS model, count(*) AS running FROM pressroom.steps s
             WHERE \(part: tenant) s.status = 'running' GROUP BY 1
            """,
        ]
    }
}
