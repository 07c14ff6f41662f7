package import Foundation
import Postgres
import Workflow

extension Store {
    /// How long a claim waits for another node's claim of the same tenant or model, in milliseconds.
    private static var claimLockTimeout: String { "100" }

    /// Claims due steps of a tenant for a processor, best priority first: step, output, evaluations, phase and task
    /// move on together. Rows that somebody else has locked are passed over, never waited for.
    ///
    /// Claims of one tenant take turns, over all nodes, and so do claims under a limit of the same model; so what runs
    /// can be counted in the rows, and no limit is passed. A claim whose turn does not come soon throws SQLSTATE 55P03.
    ///
    /// - Parameters:
    ///   - lanes: where to look; nil for all of the tenant's.
    ///   - limit: how many at most.
    package func claimSteps(
        _ scope: Scope, processorID: UUID, lanes: [Lane]? = nil, limit: Int, limits: ClaimLimits = ClaimLimits()
    ) async throws -> [ClaimedStep] {
        let tenant = scope.tenantID
        guard let lanes else {
            let waiting = try await waitingLanes(limits).lanes[tenant] ?? []
            return try await claimSteps(scope, processorID: processorID, lanes: waiting, limit: limit, limits: limits)
        }
        guard !lanes.isEmpty else { return [] }
        let scopes = Set(lanes.flatMap { limits.models.scopes(of: $0) })
        let models = limits.models.filter { scopes.contains($0.key) }
        return try await write(scope) { connection in
            let turn = Self.claimTurn(tenant, scopes.sorted())
            if models.isEmpty, limits.tenantSteps == nil, lanes.allSatisfy({ $0.workflow == nil }) {
                let due = try await connection.pipeline(turn + [DueStep.query(tenant, lanes, limit: limit)])
                let steps = try (due.last?.map(DueStep.init) ?? []).prefix(limit)
                return try await claim(Array(steps), connection, tenant, processorID, [:])
            }
            _ = try await connection.pipeline(turn)
            let rooms = models.isEmpty ? [:] : try Self.modelRooms(try await connection.query(Self.modelRooms(models)), models)
            var room = try await claimRoom(connection, tenant, lanes, limits, rooms)
            let open = lanes.filter { room.steps(in: $0) > 0 }
            guard let most = open.map({ room.steps(in: $0) }).max() else { return [] }
            let due = try await connection.query(DueStep.query(tenant, open, limit: min(limit, most))).map(DueStep.init)
            let steps = due.filter { room.take(from: $0.lane) }.prefix(limit)
            return try await claim(Array(steps), connection, tenant, processorID, rooms)
        }
    }

    /// Waits for the claims before this one, a moment.
    private static func claimTurn(_ tenant: String, _ scopes: [String]) -> [PostgresQuery] {
        let turn: [PostgresQuery] = [
            "SELECT set_config('lock_timeout', \(claimLockTimeout), true)",
            "SELECT pg_advisory_xact_lock(hashtextextended('pressroom claim ' || \(tenant), 0))",
        ]
        return turn + (scopes.isEmpty ? [] : lockModelRates(scopes)) + ["SELECT set_config('lock_timeout', '0', true)"]
    }

    /// Counts what runs of the tenant, where one of its limits asks for it.
    private func claimRoom(
        _ connection: PostgresConnection, _ tenant: String, _ lanes: [Lane], _ limits: ClaimLimits,
        _ models: [String: ModelRoom]
    ) async throws -> ClaimRoom {
        let workflows = Array(Set(lanes.compactMap(\.workflow)))
        guard limits.tenantSteps != nil || !workflows.isEmpty else { return ClaimRoom(limits, models: models) }
        let results = try await connection.pipeline([
            """
            SELECT lane, count(*) AS running FROM pressroom.steps
             WHERE tenant_id = \(tenant) AND status = 'running' GROUP BY lane
            """,
            """
            SELECT n.name, w.concurrency
              FROM unnest(\(workflows)::text[]) AS n (name) CROSS JOIN LATERAL (
                   SELECT concurrency FROM pressroom.workflows w WHERE w.tenant_id = \(tenant) AND w.name = n.name
                    ORDER BY w.status = 'active' DESC, w.version_sort DESC LIMIT 1) w
             WHERE w.concurrency IS NOT NULL
            """,
        ])
        var running: [Lane: Int] = [:]
        for row in results[0] { running[Lane(try row.decode("lane"))] = try row.decode("running") }
        var bounds: [String: Int] = [:]
        for row in results[1] { bounds[try row.decode("name")] = try row.decode("concurrency") }
        return ClaimRoom(limits, running: running, workflows: bounds, models: models)
    }

    /// Moves locked steps on, with what belongs to them.
    private func claim(
        _ steps: [DueStep], _ connection: PostgresConnection, _ tenant: String, _ processorID: UUID,
        _ models: [String: ModelRoom]
    ) async throws -> [ClaimedStep] {
        guard !steps.isEmpty else { return [] }
        let ids = steps.map(\.id)
        let kinds = Set(steps.map(\.kind))
        let limits = models.mapValues(\.limits)
        var queries: [PostgresQuery] = []
        if !kinds.isDisjoint(with: ["write", "rewrite", "edit"]) {
            queries.append(
                """
                UPDATE pressroom.outputs o
                   SET status = CASE s.kind WHEN 'write' THEN 'writing' WHEN 'rewrite' THEN 'rewriting' ELSE 'editing' END
                  FROM pressroom.steps s
                 WHERE s.tenant_id = \(tenant) AND s.id = ANY(\(ids)::uuid[]) AND s.kind IN ('write', 'rewrite', 'edit')
                   AND o.tenant_id = \(tenant) AND o.id = s.output_id
                   -- An operator may have moved it on; its step's result is then recorded as superseded.
                   AND o.status = CASE s.kind WHEN 'write' THEN 'pending_write' WHEN 'rewrite' THEN 'pending_rewrite'
                                              ELSE 'pending_edit' END
                """)
        }
        if !kinds.isDisjoint(with: ["evaluate", "rank"]) {
            queries.append(
                """
                UPDATE pressroom.evaluations SET status = 'processing'
                 WHERE tenant_id = \(tenant) AND step_id = ANY(\(ids)::uuid[]) AND status = 'pending'
                """)
        }
        let stepsIndex = queries.count
        queries.append(
            """
            UPDATE pressroom.steps SET status = 'running', attempt = attempt + 1, processor_id = \(processorID)
             WHERE tenant_id = \(tenant) AND id = ANY(\(ids)::uuid[])
            RETURNING id, task_id, phase_id, output_id, kind, agent, model, attempt, input
            """)
        if steps.contains(where: \.wakesPhase) {
            queries.append(
                """
                UPDATE pressroom.phases SET status = 'running'
                 WHERE tenant_id = \(tenant) AND status = 'waiting'
                   AND id IN (SELECT phase_id FROM pressroom.steps WHERE tenant_id = \(tenant) AND id = ANY(\(ids)::uuid[]))
                """)
        }
        if steps.contains(where: \.wakesTask) {
            queries.append(
                """
                UPDATE pressroom.tasks SET status = 'running'
                 WHERE tenant_id = \(tenant) AND status = 'waiting'
                   AND task_id IN (SELECT task_id FROM pressroom.steps WHERE tenant_id = \(tenant) AND id = ANY(\(ids)::uuid[]))
                """)
        }
        let calls = Dictionary(steps.flatMap { limits.scopes(of: $0.lane) }.map { ($0, 1) }, uniquingKeysWith: +)
        if !calls.isEmpty { queries.append(Self.chargeClaimed(calls, limits)) }
        let results = try await connection.pipeline(queries)
        return try results[stepsIndex].map { row in
            try ClaimedStep(row, tenantID: tenant) { model in
                limits.scopes(of: model).reduce(into: [:]) { $0[$1] = models[$1]?.tokensPerCall }
            }
        }
    }
}

extension ScopedModelLimits {
    func scopes(of lane: Lane) -> [String] {
        lane.model.map { scopes(of: $0) } ?? []
    }
}
