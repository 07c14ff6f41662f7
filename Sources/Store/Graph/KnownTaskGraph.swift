package import Foundation
import Postgres
import Workflow

/// A task graph as a transaction of this node left it. It holds until somebody else changes the task, which that one's
/// event tells.
package struct KnownTaskGraph: Sendable {
    /// As the next transaction would read it.
    private let committed: TaskGraph
    /// The tenant's log up to here is in the graph.
    let position: Int64
    private let readAt = ContinuousClock.now

    /// - Returns: nil where time or rows outside of the graph may decide what the task does next: it has to be read again
    ///   then. Otherwise all that is open of it are running steps.
    init?(_ graph: TaskGraph, position: Int64) {
        let open = graph.steps.filter { !$0.status.isTerminal }
        guard graph.task.status == .running, !open.isEmpty, open.allSatisfy({ $0.status == .running }),
            graph.signals.isEmpty, graph.humanTasks.isEmpty, graph.subtasks.isEmpty, graph.newSubtasks.isEmpty,
            graph.questions.asked.isEmpty
        else { return nil }
        committed = graph.committed
        self.position = position
    }

    package var taskID: UUID { committed.task.taskID }

    package var workflowID: UUID { committed.task.workflowID }

    /// Whether a processor runs steps of it.
    package func hasSteps(of processorID: UUID) -> Bool {
        committed.steps.contains { !$0.status.isTerminal && $0.processorID == processorID }
    }

    /// The graph to decide on, with the time that it is now.
    package var graph: TaskGraph {
        var graph = committed
        graph.task.lockedAt? += (ContinuousClock.now - readAt) / .seconds(1)
        return graph
    }
}

/// What came of a transaction that changed task graphs.
package struct TaskGraphCommit<T: Sendable>: Sendable {
    /// What its body answered.
    package let result: T
    /// The graphs that need not be read again.
    package let known: [KnownTaskGraph]
}

extension TaskGraph {
    /// Without what told the transaction what to write.
    fileprivate var committed: TaskGraph {
        var graph = self
        for index in graph.steps.indices { graph.steps[index].runAt = .unchanged }
        graph.newVersions = []
        graph.newRankings = []
        graph.newFinalists = []
        graph.newLogs = []
        graph.cancelledSubtasks = []
        graph.wakeAfter = nil
        graph.questions = Questions()
        return graph
    }
}

extension Store {
    /// Lets `body` change graphs that are known from before, and writes what it changed, with its events, in one round
    /// trip: `withTaskGraphs` without reading anything. Nil, and nothing is written, when that does not do: the graphs ask
    /// something, or other rows change than those of the task, its phases and its steps.
    ///
    /// The tasks are locked, so that the service's transactions take turns. Nobody waits for another row while he holds the
    /// tenant's head, since the one statement that changes rows takes it at its end. That nobody else had changed
    /// the tasks is asked last: the head is held then, and no event of theirs lies between the graphs and the transaction's
    /// own.
    ///
    /// - Throws: what the body throws, or `PostgresError`: with SQLSTATE 40001 when somebody else has changed one of the
    ///   tasks, with 55P03 when he holds a row. Nothing is written then, and the graphs have to be read again.
    package func withKnownTaskGraphs<T: Sendable>(
        _ scope: Scope, _ known: [KnownTaskGraph], lockTimeout: Duration = .milliseconds(100),
        _ body: (inout [TaskGraph]) throws -> T
    ) async throws -> TaskGraphCommit<T>? {
        let tenant = scope.tenantID
        let taskIDs = known.map(\.taskID)
        let before = known.map(\.graph)
        var after = before
        let result = try body(&after)
        let changes = TaskGraphChanges(from: before, to: after)
        guard changes.areOfTasksAlone, after.allSatisfy({ $0.questions.asked.isEmpty }) else { return nil }
        let isFollowed = hints.follows(tenantID: tenant)
        let milliseconds = String(Int64(lockTimeout / .milliseconds(1)))
        let queries: [PostgresQuery] =
            [
                Self.scopeQuery(scope),
                "SELECT set_config('lock_timeout', \(milliseconds), true)",
                """
                SELECT FROM pressroom.tasks WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
                 ORDER BY task_id FOR NO KEY UPDATE
                """,
            ] + saveQueries(changes, scope) + [
                """
                SELECT pressroom.confirm_unchanged(\(tenant), \(taskIDs)::uuid[], \(known.map(\.position))::bigint[])
                       AS position
                """
            ]
        let results = try await database.pipeline(queries + (isFollowed ? [Self.ownEventsQuery(tenant)] : []))
        hints.committed(tenantID: tenant, events: OwnEvents(isFollowed ? results.last : nil))
        let position: Int64? = try results[queries.count - 1].first?.decode("position")
        return TaskGraphCommit(
            result: result, known: zip(known, after).compactMap { KnownTaskGraph($1, position: position ?? $0.position) })
    }
}
