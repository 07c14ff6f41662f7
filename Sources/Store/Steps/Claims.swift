package import Base
package import Foundation
import Postgres
package import Workflow

extension Store {
    /// How long a claim waits for another node's claim of the same tenant or model.
    private static var claimLockTimeout: Duration { .milliseconds(100) }

    /// Claims due steps of a tenant for a processor, best priority first: step, output, evaluations, phase and task
    /// move on together. Rows that another session has locked are passed over, never waited for.
    ///
    /// Claims of one tenant take turns, over all nodes, and so do claims under a limit of the same model; so what runs
    /// can be counted in the rows, and no limit is passed. A claim whose turn does not come soon throws SQLSTATE 55P03.
    ///
    /// - Parameters:
    ///   - queues: where to look; nil for all of the tenant's.
    ///   - limit: how many at most.
    package func claimSteps(
        _ scope: Scope, processorID: UUID, queues: [StepQueue]? = nil, limit: Int, limits: ClaimLimits = ClaimLimits()
    ) async throws -> [ClaimedStep] {
        let tenant = scope.tenantID
        guard let queues else {
            let waiting = try await waitingQueues(limits)
            return try await claimSteps(
                scope, processorID: processorID, queues: waiting.queues[tenant] ?? [], limit: limit,
                limits: limits.with(tenantSteps: waiting.tenantSteps[tenant]))
        }
        guard !queues.isEmpty else { return [] }
        let scopes = Set(queues.flatMap { limits.models.scopes(of: $0) })
        let models = limits.models.filter { scopes.contains($0.key) }
        return try await write(scope) { transaction in
            let connection = transaction.connection
            let turn = Self.claimTurn(tenant, scopes.sorted())
            if models.isEmpty, limits.tenantSteps == nil, queues.allSatisfy({ $0.workflow == nil }) {
                let due = try await connection.pipeline(turn + [DueStep.query(tenant, queues, limit: limit)])
                let steps = try (due.last?.map(DueStep.init) ?? []).prefix(limit)
                return try await claim(Array(steps), connection, tenant, processorID, [:])
            }
            _ = try await connection.pipeline(turn)
            let capacities =
                models.isEmpty
                ? [:] : try Self.modelCapacities(try await connection.query(.claims, Self.modelCapacities(models)), models)
            var capacity = try await claimCapacity(connection, tenant, queues, limits, capacities)
            let open = queues.filter { capacity.steps(in: $0) > 0 }
            guard let maxSteps = open.map({ capacity.steps(in: $0) }).max() else { return [] }
            let due = try await connection.query(DueStep.query(tenant, open, limit: min(limit, maxSteps))).map(DueStep.init)
            let steps = due.filter { capacity.take(from: $0.queue) }.prefix(limit)
            return try await claim(Array(steps), connection, tenant, processorID, capacities)
        }
    }

    /// Waits for the claims before this one, for as long as `claimLockTimeout`.
    private static func claimTurn(_ tenant: String, _ scopes: [String]) -> [PostgresQuery] {
        let turn: [PostgresQuery] = [
            .lockTimeout(claimLockTimeout),
            "SELECT pg_advisory_xact_lock(hashtextextended('pressroom claim ' || \(tenant), 0))",
        ]
        return turn + (scopes.isEmpty ? [] : lockModelRates(scopes)) + [.lockTimeout(.zero)]
    }

    /// Counts what runs of the tenant, where one of its limits asks for it.
    private func claimCapacity(
        _ connection: PostgresConnection, _ tenant: String, _ queues: [StepQueue], _ limits: ClaimLimits,
        _ models: [String: ModelCapacity]
    ) async throws -> ClaimCapacity {
        let workflows = Array(Set(queues.compactMap(\.workflow)))
        guard limits.tenantSteps != nil || !workflows.isEmpty else { return ClaimCapacity(limits, models: models) }
        let results = try await connection.pipeline([
            """
            SELECT queue, count(*) AS running FROM pressroom.steps
             WHERE tenant_id = \(tenant) AND status = 'running' GROUP BY queue
            """,
            """
            SELECT n.name, w.concurrency
              FROM unnest(\(workflows)::text[]) AS n (name) CROSS JOIN LATERAL (
                   SELECT concurrency FROM pressroom.workflows w WHERE w.tenant_id = \(tenant) AND w.name = n.name
                    ORDER BY w.status = 'active' DESC, w.version_sort DESC LIMIT 1) w
             WHERE w.concurrency IS NOT NULL
            """,
        ])
        var running: [StepQueue: Int] = [:]
        for row in results[0] { running[StepQueue(try row.decode("queue"))] = try row.decode("running") }
        var bounds: [String: Int] = [:]
        for row in results[1] { bounds[try row.decode("name")] = try row.decode("concurrency") }
        return ClaimCapacity(limits, running: running, workflows: bounds, models: models)
    }

    /// Moves locked steps on, with what belongs to them.
    private func claim(
        _ steps: [DueStep], _ connection: PostgresConnection, _ tenant: String, _ processorID: UUID,
        _ models: [String: ModelCapacity]
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
        let calls = Dictionary(steps.flatMap { limits.scopes(of: $0.queue) }.map { ($0, 1) }, uniquingKeysWith: +)
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
    func scopes(of queue: StepQueue) -> [String] {
        queue.model.map { scopes(of: $0) } ?? []
    }
}

/// A step that this node's processor has claimed, with the keys to all that its run needs.
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
    /// Why the input cannot be read; it is empty then, and the step is not to be run.
    package private(set) var unreadable: String?
    /// The tokens that the claim charged for its call, by the scope of the limit; with each goes one request.
    package var charged: [String: Double] = [:]
}

extension ClaimedStep {
    init(_ row: PostgresRow, tenantID: String, charged: (ModelName) -> [String: Double]) throws {
        self.tenantID = tenantID
        taskID = try row.decode("task_id")
        id = try row.decode("id")
        phaseID = try row.decode("phase_id")
        outputID = try row.decode("output_id")
        kind = try row.stepKind("kind")
        agent = try row.decode("agent")
        model = try row.decode("model", as: String?.self).flatMap { ModelName($0) }
        attempt = try row.decode("attempt")
        do {
            input = try row.json("input") ?? [:]
        } catch let error as StoreError {
            // The claim holds: other steps are claimed with it.
            input = [:]
            unreadable = error.message
        }
        self.charged = model.map(charged) ?? [:]
    }
}

extension ClaimedStep {
    /// A claim of a step in the transaction that adds its row.
    package init(_ row: StepRow, taskID: UUID, tenantID: String) {
        self.tenantID = tenantID
        self.taskID = taskID
        id = row.id
        phaseID = row.phaseID
        outputID = row.outputID
        kind = row.kind
        agent = row.agent
        model = row.model
        attempt = row.attempt
        input = row.input
    }
}

/// What claims keep to, over all nodes. Workflows have limits of their own, in their definitions.
package struct ClaimLimits: Sendable, Hashable {
    /// Steps of one tenant at a time, above 0; nil for no limit.
    package var tenantSteps: Int?
    package var models: ScopedModelLimits

    package init(tenantSteps: Int? = nil, models: ScopedModelLimits = [:]) {
        self.tenantSteps = tenantSteps
        self.models = models.filter { !$0.value.isEmpty }
    }

    /// With the limit that is set for a tenant, if one is.
    package func with(tenantSteps own: Int?) -> ClaimLimits {
        var limits = self
        limits.tenantSteps = own ?? tenantSteps
        return limits
    }
}

/// How much one claim may still take of a tenant, queue by queue, under all limits at once.
struct ClaimCapacity {
    private var tenant = Int.max
    private var workflows: [String: Int] = [:]
    private var scopes: [String: Int]
    private let models: ScopedModelLimits

    /// - Parameters:
    ///   - running: the tenant's running steps by queue.
    ///   - workflows: the limits of workflows; one that is not named has none.
    init(
        _ limits: ClaimLimits, running: [StepQueue: Int] = [:], workflows: [String: Int] = [:],
        models: [String: ModelCapacity] = [:]
    ) {
        self.models = limits.models
        scopes = models.mapValues(\.steps)
        if let limit = limits.tenantSteps { tenant = max(0, limit - running.values.reduce(0, +)) }
        for (name, limit) in workflows {
            let used = running.reduce(0) { $1.key.workflow == name ? $0 + $1.value : $0 }
            self.workflows[name] = max(0, limit - used)
        }
    }

    /// How many steps of the queue may be claimed.
    func steps(in queue: StepQueue) -> Int {
        var steps = tenant
        if let workflow = queue.workflow, let left = workflows[workflow] { steps = min(steps, left) }
        for scope in models.scopes(of: queue) { steps = min(steps, scopes[scope] ?? 0) }
        return steps
    }

    /// Takes a step of the queue, if there is capacity.
    mutating func take(from queue: StepQueue) -> Bool {
        guard steps(in: queue) > 0 else { return false }
        tenant -= 1
        if let workflow = queue.workflow { workflows[workflow]? -= 1 }
        for scope in models.scopes(of: queue) { scopes[scope]? -= 1 }
        return true
    }
}
