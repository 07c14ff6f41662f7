package import Foundation
import Postgres
import Workflow

/// What came of a transaction that changed task graphs.
package struct TaskGraphCommit<T: Sendable>: Sendable {
    /// What its body returned.
    package let result: T
    /// The graphs that need not be read again.
    package let known: [KnownTaskGraph]
}

extension Store {
    /// Locks the tasks with all their rows, lets `body` change them, and writes what it changed, with its events, in
    /// one transaction. Tasks that do not exist are left out.
    ///
    /// Where the graphs ask something (`TaskGraph.questions`), `body` is called again, with those that asked, as often as
    /// they go on asking; the first result of `body` counts.
    ///
    /// All row locks are taken before the first change, because a change takes the tenant's stream head: no transaction
    /// may wait for a row while others wait for the head. A row that another session holds for longer than `lockTimeout`
    /// ends the attempt with SQLSTATE 55P03.
    package func withTaskGraphs<T: Sendable>(
        _ scope: Scope, _ taskIDs: [UUID], lockTimeout: Duration = .milliseconds(100),
        _ body: @Sendable (inout [TaskGraph]) throws -> T
    ) async throws -> T {
        try await changeTaskGraphs(scope, taskIDs, lockTimeout: lockTimeout, body).result
    }

    /// The same, with the graphs as they are known afterwards.
    ///
    /// - Parameter work: what commit observers are told.
    package func changeTaskGraphs<T: Sendable>(
        _ scope: Scope, _ taskIDs: [UUID], lockTimeout: Duration = .milliseconds(100), work: Commit.Work = .none,
        _ body: @Sendable (inout [TaskGraph]) throws -> T
    ) async throws -> TaskGraphCommit<T> {
        try await write(scope) { transaction in
            transaction.announce(work)
            return try await changeTaskGraphs(
                transaction, scope, taskIDs, lockTimeout: lockTimeout, endsTransaction: true, body)
        }
    }

    /// The same in a transaction that `write` has opened.
    ///
    /// - Parameter endsTransaction: whether the changes are the last of the transaction: they go out with its commit.
    func changeTaskGraphs<T: Sendable>(
        _ transaction: WriteTransaction, _ scope: Scope, _ taskIDs: [UUID], lockTimeout: Duration = .milliseconds(100),
        endsTransaction: Bool = false, _ body: (inout [TaskGraph]) throws -> T
    ) async throws -> TaskGraphCommit<T> {
        let connection = transaction.connection
        let before = try await loadTaskGraphs(connection, scope.tenantID, taskIDs, lockTimeout: lockTimeout)
        var after = before
        let result = try body(&after)
        try await answerQuestions(connection, &after, body)
        let queries = TaskGraphChanges(from: before, to: after).queries(scope)
        guard !queries.isEmpty else { return TaskGraphCommit(result: result, known: []) }
        transaction.announce(EndedWork(from: before, to: after))
        let statements = queries + ["SELECT position FROM pressroom.stream_heads WHERE tenant_id = \(scope.tenantID)"]
        let results =
            endsTransaction ? try await transaction.commit(statements) : try await transaction.pipeline(statements)
        let position: Int64? = try results.last?.first?.decode("position")
        return TaskGraphCommit(
            result: result, known: position.map { position in after.compactMap { KnownTaskGraph($0, position: position) } } ?? [])
    }

    private func loadTaskGraphs(
        _ connection: PostgresConnection, _ tenant: String, _ taskIDs: [UUID], lockTimeout: Duration
    ) async throws -> [TaskGraph] {
        let results = try await connection.pipeline([
            .lockTimeout(lockTimeout),
            TaskRow.select(tenant, taskIDs, .noKeyUpdate),
            PhaseRow.select(tenant, taskIDs, .noKeyUpdate),
            StepRow.select(tenant, taskIDs, .noKeyUpdate),
            OutputRow.select(tenant, taskIDs, .noKeyUpdate),
            EvaluationRow.select(tenant, taskIDs, .noKeyUpdate),
            SignalRow.select(tenant, taskIDs, .noKeyUpdate),
            .lockTimeout(.zero),
        ])
        let phases = try results[2].byTask(PhaseRow.init)
        let steps = try results[3].byTask(StepRow.init)
        let outputs = try results[4].byTask(OutputRow.init)
        let evaluations = try results[5].byTask(EvaluationRow.init)
        let signals = try results[6].byTask(SignalRow.init)
        var graphs = try results[1].map { row in
            let task = try TaskRow(row)
            let id = task.taskID
            return TaskGraph(
                task: task, phases: phases[id] ?? [], steps: steps[id] ?? [], outputs: outputs[id] ?? [],
                evaluations: evaluations[id] ?? [], signals: signals[id] ?? [])
        }
        try await loadHumanTasks(connection, tenant, into: &graphs, lockTimeout: lockTimeout)
        try await loadSubtasks(connection, tenant, into: &graphs)
        return graphs
    }
}
