import Base
import Foundation
import Postgres
import Store
import Workflow

/// Steps in bulk, as rows and nothing else, for tests of the claims.
extension Newsroom {
    /// Adds running tasks with one phase of kind `write` each, and to each phase steps that are due now (or never, for
    /// finished ones). Nothing is run to make them; no events come of it.
    ///
    /// - Parameters:
    ///   - model: nil for steps without one.
    ///   - concurrency: the limit of their workflow.
    func addSteps(
        tenant: String = "default", workflow: String = "bulk", version: String = "1.0.0", concurrency: Int? = nil,
        model: String? = nil, priority: Int = 0, tasks: Int = 1, each: Int, status: String = "pending", dueIn: String = "0s"
    ) async throws {
        _ = try await client.query("INSERT INTO pressroom.tenants (tenant_id) VALUES (\(tenant)) ON CONFLICT DO NOTHING")
        let definition: JSON = concurrency.map { ["concurrency": .integer(Int64($0))] } ?? [:]
        let taskStatus = status == "completed" ? "completed" : "running"
        try await client.withTransaction { connection in
            _ = try await connection.query("SET LOCAL session_replication_role = replica")
            _ = try await connection.query(
                """
                INSERT INTO pressroom.workflows (tenant_id, name, version, version_sort, definition)
                VALUES (\(tenant), \(workflow), \(version), \(version), \(definition)::json)
                ON CONFLICT (tenant_id, name, version) DO NOTHING
                """)
            _ = try await connection.query(
                """
                WITH task AS (
                    INSERT INTO pressroom.tasks (tenant_id, workflow_id, workflow_name, workflow_version, status, context, priority,
                           task_id)
                    SELECT w.tenant_id, w.id, w.name, w.version, \(taskStatus),
                           jsonb_build_object('tenant_id', w.tenant_id, 'user_id', 'local', 'task_id', new.id,
                                              'trace_id', '00', 'metadata', '{}'::jsonb),
                           \(priority), new.id
                      FROM pressroom.workflows w
                     CROSS JOIN (SELECT pressroom.uuid_v7() AS id FROM generate_series(1, \(tasks))) new
                     WHERE w.tenant_id = \(tenant) AND w.name = \(workflow) AND w.version = \(version)
                    RETURNING task_id
                ), phase AS (
                    INSERT INTO pressroom.phases (tenant_id, task_id, key, kind, ordinal, status)
                    SELECT \(tenant), task_id, 'write', 'write', 0, \(taskStatus) FROM task
                    RETURNING id, task_id
                )
                INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, kind, agent, model, sequence, status, priority,
                       run_at, limited_workflow)
                SELECT \(tenant), task_id, id, 'write', 'warm', \(model), n, \(status), \(priority), now() + \(dueIn)::interval,
                       CASE WHEN \(concurrency)::integer IS NOT NULL THEN \(workflow) END
                  FROM phase CROSS JOIN generate_series(1, \(each)) AS n
                """)
        }
    }

    /// A task of a published workflow, of any tenant.
    func start(
        tenant: String = "default", _ yaml: String, priority: Int = 0, runAt: String? = nil
    ) async throws -> UUID {
        let definition = try WorkflowDefinition.parse(yaml, format: .yaml)
        _ = try await client.query("INSERT INTO pressroom.tenants (tenant_id) VALUES (\(tenant)) ON CONFLICT DO NOTHING")
        _ = try await client.query(
            """
            INSERT INTO pressroom.workflows (tenant_id, name, version, version_sort, definition)
            VALUES (\(tenant), \(definition.name), \(definition.version.description), '1', \(definition.json)::json)
            ON CONFLICT (tenant_id, name, version) DO NOTHING
            """)
        let workflowID = try await client.query(
            "SELECT id FROM pressroom.workflows WHERE tenant_id = \(tenant) AND name = \(definition.name)"
        )[0].decode("id", as: UUID.self)
        let taskID = UUIDv7.next()
        let context = ExecutionContext(tenantID: tenant, userID: "local", taskID: taskID, traceID: "00")
        _ = try await store.startTask(
            Scope(tenantID: tenant, userID: "local"),
            TaskStart(
                taskID: taskID, workflow: definition, workflowID: workflowID, input: ["topic": "tests"], config: [:],
                context: context, priority: priority, runAt: runAt, idempotencyKey: nil))
        return taskID
    }

    func claim(
        tenant: String = "default", as processor: UUID = UUIDv7.next(), limit: Int = 10, limits: ClaimLimits = ClaimLimits()
    ) async throws -> [ClaimedStep] {
        try await store.claimSteps(
            Scope(tenantID: tenant, userID: "local"), processorID: processor, limit: limit, limits: limits)
    }

    /// Closes running steps, as a commit does.
    func close(_ steps: [ClaimedStep], as status: String = "completed") async throws {
        for (tenant, steps) in Dictionary(grouping: steps, by: \.tenantID) {
            let ids = steps.map(\.id)
            _ = try await store.write(Scope(tenantID: tenant, userID: "local")) { connection in
                try await connection.query(
                    """
                    UPDATE pressroom.steps
                       SET status = \(status), processor_id = CASE WHEN \(status) = 'completed' THEN processor_id END
                     WHERE tenant_id = \(tenant) AND id = ANY(\(ids)::uuid[]) AND status = 'running'
                    """)
            }
        }
    }

    func running(_ condition: String = "true") async throws -> Int {
        try await count("SELECT count(*) FROM pressroom.steps WHERE status = 'running' AND \(raw: condition)")
    }

    /// The most steps of a tenant that ever ran at a time, at any position of its log.
    func mostRunning(_ condition: String = "true") async throws -> Int {
        try await count(
            """
            SELECT max(running) FROM (
                SELECT sum(delta) OVER (PARTITION BY tenant_id ORDER BY position) AS running FROM (
                    SELECT e.tenant_id, e.position, e.runs::integer
                           - coalesce(lag(e.runs) OVER (PARTITION BY s.id ORDER BY e.position), false)::integer AS delta
                      FROM (SELECT tenant_id, position, step ->> 'id' AS id, step ->> 'status' = 'running' AS runs
                              FROM pressroom.events CROSS JOIN LATERAL (
                                   SELECT payload -> 'step' AS step WHERE type = 'step_updated'
                                   UNION ALL
                                   SELECT json_array_elements(payload -> 'steps') WHERE type = 'queue_built') steps) e
                      JOIN pressroom.steps s ON s.id = e.id::uuid
                     WHERE \(raw: condition)) changes) sums
            """)
    }
}
