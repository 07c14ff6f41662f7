package import Foundation
package import Postgres
import Workflow

extension Store {
    /// Locks the tasks with all their rows, lets `body` change them, and writes what it changed, with its events, in
    /// one transaction. Tasks that do not exist are left out.
    ///
    /// Where the graphs ask something (`TaskGraph.questions`), `body` is called again, with those that asked, as often as
    /// they go on asking; the first answer of `body` counts.
    ///
    /// All row locks are taken before the first change, because a change takes the tenant's stream head: nobody may
    /// wait for a row while others wait for the head. A row that somebody else holds for longer than `lockTimeout`
    /// ends the attempt with SQLSTATE 55P03.
    package func withTaskGraphs<T: Sendable>(
        _ scope: Scope, _ taskIDs: [UUID], lockTimeout: Duration = .milliseconds(100),
        _ body: @Sendable (inout [TaskGraph]) throws -> T
    ) async throws -> T {
        try await changeTaskGraphs(scope, taskIDs, lockTimeout: lockTimeout, body).result
    }

    /// The same, with the graphs as they are known afterwards.
    package func changeTaskGraphs<T: Sendable>(
        _ scope: Scope, _ taskIDs: [UUID], lockTimeout: Duration = .milliseconds(100),
        _ body: @Sendable (inout [TaskGraph]) throws -> T
    ) async throws -> TaskGraphCommit<T> {
        try await write(scope) { connection in
            try await changeTaskGraphs(connection, scope, taskIDs, lockTimeout: lockTimeout, body)
        }
    }

    /// The same in a transaction that `write` has opened.
    package func withTaskGraphs<T: Sendable>(
        _ connection: PostgresConnection, _ scope: Scope, _ taskIDs: [UUID],
        lockTimeout: Duration = .milliseconds(100), _ body: (inout [TaskGraph]) throws -> T
    ) async throws -> T {
        try await changeTaskGraphs(connection, scope, taskIDs, lockTimeout: lockTimeout, body).result
    }

    func changeTaskGraphs<T: Sendable>(
        _ connection: PostgresConnection, _ scope: Scope, _ taskIDs: [UUID],
        lockTimeout: Duration = .milliseconds(100), _ body: (inout [TaskGraph]) throws -> T
    ) async throws -> TaskGraphCommit<T> {
        let before = try await loadTaskGraphs(connection, scope, taskIDs, lockTimeout: lockTimeout)
        var after = before
        let result = try body(&after)
        try await answerQuestions(connection, &after, body)
        let changes = TaskGraphChanges(from: before, to: after)
        let queries = saveQueries(changes, scope)
        guard !queries.isEmpty else { return TaskGraphCommit(result: result, known: []) }
        let position: Int64? = try await connection.pipeline(
            queries + ["SELECT position FROM pressroom.stream_heads WHERE tenant_id = \(scope.tenantID)"]
        ).last?.first?.decode("position")
        return TaskGraphCommit(
            result: result, known: position.map { position in after.compactMap { KnownTaskGraph($0, position: position) } } ?? [])
    }

    private func loadTaskGraphs(
        _ connection: PostgresConnection, _ scope: Scope, _ taskIDs: [UUID], lockTimeout: Duration
    ) async throws -> [TaskGraph] {
        let tenant = scope.tenantID
        let milliseconds = String(Int64(lockTimeout / .milliseconds(1)))
        let results = try await connection.pipeline([
            "SELECT set_config('lock_timeout', \(milliseconds), true)",
            """
            SELECT task_id, workflow_id, context, input, config, priority, version, status, phase, accumulated_context,
                   result, progress, error, usage, extract(epoch FROM run_at - now())::float8 AS starts_in,
                   extract(epoch FROM now())::float8 AS locked_at
              FROM pressroom.tasks WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id FOR NO KEY UPDATE
            """,
            """
            SELECT task_id, id, key, ordinal, status, iteration, input, output, error
              FROM pressroom.phases WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id, ordinal FOR NO KEY UPDATE
            """,
            """
            SELECT task_id, id, phase_id, output_id, kind, agent, model, sequence, input, status, attempt, max_attempts,
                   processor_id, output, error, extract(epoch FROM run_at - now())::float8 AS due_in
              FROM pressroom.steps WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id, sequence, id FOR NO KEY UPDATE
            """,
            """
            SELECT task_id, id, track, writer, status, editor, content, version_number, edit_cycle, editor_feedback,
                   editor_approved, initial_avg_score, initial_rank, is_finalist, final_total_score, final_rank, usage,
                   error
              FROM pressroom.outputs WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id, created_at, id FOR NO KEY UPDATE
            """,
            """
            SELECT task_id, id, phase_id, step_id, output_id, stage, evaluator, status, score, criteria_scores, reasoning,
                   rank, weighted_score, usage, error
              FROM pressroom.evaluations WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id, created_at, id FOR NO KEY UPDATE
            """,
            """
            SELECT task_id, id, name, data
              FROM pressroom.signals
             WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[]) AND received_by IS NULL
             ORDER BY task_id, id FOR NO KEY UPDATE
            """,
            "SELECT set_config('lock_timeout', '0', true)",
        ])
        let phases = try Dictionary(grouping: results[2].map { (try $0.decode("task_id", as: UUID.self), try PhaseRow($0)) }, by: \.0)
        let steps = try Dictionary(grouping: results[3].map { (try $0.decode("task_id", as: UUID.self), try StepRow($0)) }, by: \.0)
        let outputs = try Dictionary(grouping: results[4].map { (try $0.decode("task_id", as: UUID.self), try OutputRow($0)) }, by: \.0)
        let evaluations = try Dictionary(
            grouping: results[5].map { (try $0.decode("task_id", as: UUID.self), try EvaluationRow($0)) }, by: \.0)
        let signals = try Dictionary(grouping: results[6].map { (try $0.decode("task_id", as: UUID.self), try SignalRow($0)) }, by: \.0)
        var graphs = try results[1].map { row in
            let task = try TaskRow(row)
            return TaskGraph(
                task: task, phases: (phases[task.taskID] ?? []).map(\.1), steps: (steps[task.taskID] ?? []).map(\.1),
                outputs: (outputs[task.taskID] ?? []).map(\.1), evaluations: (evaluations[task.taskID] ?? []).map(\.1),
                signals: (signals[task.taskID] ?? []).map(\.1))
        }
        try await loadHumanTasks(connection, tenant, into: &graphs, lockTimeout: lockTimeout)
        try await loadSubtasks(connection, tenant, into: &graphs)
        return graphs
    }
}
