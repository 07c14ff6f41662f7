import Postgres
package import Workflow

/// How many steps wait for a model, of all tenants and nodes.
package struct QueueDepth: Sendable, Equatable {
    /// Nil: steps without a model.
    package let model: ModelName?
    package internal(set) var steps: Int
    /// For how many seconds the oldest of them has been due.
    package internal(set) var oldest: Double
}

extension Store {
    /// The steps that are due, by model; at most 10,000 of each of at most 200 queues are looked at, so that the cost is
    /// bounded however much waits.
    ///
    /// - Parameter timeout: of the statement.
    package func queueDepths(within timeout: Duration) async throws -> [QueueDepth] {
        let milliseconds = String(max(1, Int64(timeout / .milliseconds(1))))
        let rows = try await pipeline(.sums, [
            "SELECT set_config('statement_timeout', \(milliseconds), true)",
            """
            WITH RECURSIVE \(part: Self.waitingQueueNames())
            SELECT q.queue, waiting.steps, waiting.oldest
              FROM (SELECT tenant_id, queue FROM queues LIMIT 200) q CROSS JOIN LATERAL (
                   SELECT count(*) AS steps, extract(epoch FROM max(now() - due.run_at))::float8 AS oldest
                     FROM (SELECT s.run_at FROM pressroom.steps s
                            WHERE s.tenant_id = q.tenant_id AND s.queue = q.queue
                              AND s.status IN ('pending', 'retrying') AND s.run_at <= now()
                            ORDER BY s.priority DESC, s.run_at LIMIT 10000) due) waiting
             WHERE waiting.steps > 0
            """,
        ])[1]
        var depths: [ModelName?: QueueDepth] = [:]
        for row in rows {
            let model = StepQueue(try row.decode("queue")).model
            let (steps, oldest): (Int, Double) = (try row.decode("steps"), try row.decode("oldest"))
            var depth = depths[model] ?? QueueDepth(model: model, steps: 0, oldest: 0)
            depth.steps += steps
            depth.oldest = max(depth.oldest, oldest)
            depths[model] = depth
        }
        return Array(depths.values)
    }
}
