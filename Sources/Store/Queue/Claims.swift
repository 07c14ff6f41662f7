package import Foundation
import Postgres
package import Workflow

/// A step that this node's processor has claimed, with what its run needs to find the rest.
package struct ClaimedStep: Sendable {
    package let tenantID: String
    package let taskID: UUID
    package let id: UUID
    package let phaseID: UUID
    package let outputID: UUID?
    package let kind: StepKind
    package let agent: String?
    package let model: ModelName?
    package let attempt: Int
    package let input: JSON
}

extension Store {
    /// The tenants that have something to claim, in random order (so that each gets its turn).
    package func tenantsWithDueSteps() async throws -> [String] {
        try await database.query(
            """
            SELECT t.tenant_id FROM pressroom.tenants t
             WHERE EXISTS (SELECT FROM pressroom.steps s
                            WHERE s.tenant_id = t.tenant_id AND s.status IN ('pending', 'retrying') AND s.run_at <= now())
             ORDER BY random()
            """
        ).map { try $0.decode(0, as: String.self) }
    }

    /// Claims due steps of a tenant for a processor, best priority first: step, output, evaluations, phase and task
    /// move on together. Rows that somebody else has locked are passed over, never waited for.
    ///
    /// - Parameters:
    ///   - limit: how many at most.
    ///   - providerLimits: how many of each provider at most; one that is not named has no limit.
    package func claimSteps(
        _ scope: Scope, processorID: UUID, limit: Int, providerLimits: [String: Int]
    ) async throws -> [ClaimedStep] {
        let tenant = scope.tenantID
        let limits = JSON.object(providerLimits.mapValues { .integer(Int64($0)) })
        return try await write(scope) { connection in
            let candidates = try await connection.query(
                """
                WITH due AS MATERIALIZED (
                    SELECT s.id, s.output_id, s.kind, split_part(s.model, '/', 1) AS provider, s.priority, s.run_at
                      FROM pressroom.steps s
                      JOIN pressroom.tasks t ON t.tenant_id = s.tenant_id AND t.task_id = s.task_id
                      JOIN pressroom.phases p ON p.tenant_id = s.tenant_id AND p.id = s.phase_id
                     WHERE s.tenant_id = \(tenant) AND s.status IN ('pending', 'retrying') AND s.run_at <= now()
                       AND t.status IN ('running', 'waiting') AND p.status IN ('running', 'waiting')
                       AND coalesce((\(limits)::jsonb ->> split_part(s.model, '/', 1))::integer, 1) > 0
                     ORDER BY s.priority DESC, s.run_at, s.id LIMIT \(limit)
                       FOR NO KEY UPDATE OF s, t, p SKIP LOCKED
                ), counted AS (
                    SELECT *, row_number() OVER (PARTITION BY provider ORDER BY priority DESC, run_at, id) AS n FROM due
                )
                SELECT id, output_id, kind FROM counted
                 WHERE n <= coalesce((\(limits)::jsonb ->> provider)::integer, \(limit))
                """)
            guard !candidates.isEmpty else { return [] }
            let ids = try await lockedWork(
                connection, tenant, candidates.map { (try $0.decode("id"), try $0.decode("output_id"), try $0.decode("kind")) })
            guard !ids.isEmpty else { return [] }
            let results = try await connection.pipeline([
                """
                UPDATE pressroom.outputs o
                   SET status = CASE s.kind WHEN 'write' THEN 'writing' WHEN 'rewrite' THEN 'rewriting' ELSE 'editing' END
                  FROM pressroom.steps s
                 WHERE s.tenant_id = \(tenant) AND s.id = ANY(\(ids)::uuid[]) AND s.kind IN ('write', 'rewrite', 'edit')
                   AND o.tenant_id = \(tenant) AND o.id = s.output_id
                   -- An operator may have moved it on; its step's result is then recorded as superseded.
                   AND o.status = CASE s.kind WHEN 'write' THEN 'pending_write' WHEN 'rewrite' THEN 'pending_rewrite'
                                              ELSE 'pending_edit' END
                """,
                """
                UPDATE pressroom.evaluations SET status = 'processing'
                 WHERE tenant_id = \(tenant) AND step_id = ANY(\(ids)::uuid[]) AND status = 'pending'
                """,
                """
                UPDATE pressroom.steps SET status = 'running', attempt = attempt + 1, processor_id = \(processorID)
                 WHERE tenant_id = \(tenant) AND id = ANY(\(ids)::uuid[])
                RETURNING id, task_id, phase_id, output_id, kind, agent, model, attempt, input
                """,
                """
                UPDATE pressroom.phases SET status = 'running'
                 WHERE tenant_id = \(tenant) AND status = 'waiting'
                   AND id IN (SELECT phase_id FROM pressroom.steps WHERE tenant_id = \(tenant) AND id = ANY(\(ids)::uuid[]))
                """,
                """
                UPDATE pressroom.tasks SET status = 'running'
                 WHERE tenant_id = \(tenant) AND status = 'waiting'
                   AND task_id IN (SELECT task_id FROM pressroom.steps WHERE tenant_id = \(tenant) AND id = ANY(\(ids)::uuid[]))
                """,
            ])
            return try results[2].map { try ClaimedStep($0, tenantID: tenant) }
        }
    }

    /// Those of the steps whose outputs and evaluations could be locked too.
    private func lockedWork(
        _ connection: PostgresConnection, _ tenant: String, _ candidates: [(id: UUID, outputID: UUID?, kind: String)]
    ) async throws -> [UUID] {
        let writers = candidates.filter { ["write", "rewrite", "edit"].contains($0.kind) }
        let judges = candidates.filter { ["evaluate", "rank"].contains($0.kind) }
        var ids = candidates.filter { candidate in
            !["write", "rewrite", "edit", "evaluate", "rank"].contains(candidate.kind)
        }.map(\.id)
        if !writers.isEmpty {
            let outputIDs = writers.compactMap(\.outputID)
            let locked = try await connection.query(
                """
                SELECT id FROM pressroom.outputs WHERE tenant_id = \(tenant) AND id = ANY(\(outputIDs)::uuid[])
                   FOR NO KEY UPDATE SKIP LOCKED
                """)
            let free = Set(try locked.map { try $0.decode("id", as: UUID.self) })
            ids += writers.filter { $0.outputID.map(free.contains) ?? true }.map(\.id)
        }
        if !judges.isEmpty {
            let stepIDs = judges.map(\.id)
            let counts = try await connection.query(
                """
                WITH free AS (
                    SELECT step_id FROM pressroom.evaluations
                     WHERE tenant_id = \(tenant) AND step_id = ANY(\(stepIDs)::uuid[]) FOR NO KEY UPDATE SKIP LOCKED
                )
                SELECT e.step_id FROM pressroom.evaluations e
                 WHERE e.tenant_id = \(tenant) AND e.step_id = ANY(\(stepIDs)::uuid[])
                 GROUP BY e.step_id
                HAVING count(*) = (SELECT count(*) FROM free WHERE free.step_id = e.step_id)
                """)
            ids += try counts.map { try $0.decode("step_id", as: UUID.self) }
        }
        return ids
    }
}

extension ClaimedStep {
    fileprivate init(_ row: PostgresRow, tenantID: String) throws {
        self.tenantID = tenantID
        taskID = try row.decode("task_id")
        id = try row.decode("id")
        phaseID = try row.decode("phase_id")
        outputID = try row.decode("output_id")
        let kindText = try row.decode("kind", as: String.self)
        guard let kind = StepKind(rawValue: kindText) else {
            throw StoreError(.invalid, "unknown step kind \(kindText)")
        }
        self.kind = kind
        agent = try row.decode("agent")
        model = try row.decode("model", as: String?.self).flatMap { ModelName($0) }
        attempt = try row.decode("attempt")
        input = try row.json("input") ?? [:]
    }
}
