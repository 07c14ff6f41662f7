package import Foundation
import Postgres
import Workflow

/// A task graph as a transaction of this node left it. It holds until another session changes the task; the event of that
/// change tells so.
package struct KnownTaskGraph: Sendable {
    /// As the next transaction would read it.
    private let committed: TaskGraph
    /// The tenant's log up to here is in the graph.
    let position: Int64
    private let readAt = ContinuousClock.now

    /// - Returns: nil where time, or rows outside of the graph, may decide what the task does next: it has to be read again
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

    /// The graph to decide on, with the current time.
    package var graph: TaskGraph {
        var graph = committed
        graph.task.lockedAt? += (ContinuousClock.now - readAt) / .seconds(1)
        return graph
    }
}

extension TaskGraph {
    /// Without the parts that say what is to be written.
    fileprivate var committed: TaskGraph {
        var graph = self
        for index in graph.steps.indices { graph.steps[index].runAt = .unchanged }
        graph.newVersions = []
        graph.newRankings = []
        graph.newFinalists = []
        graph.newLogs = []
        graph.newAttempts = []
        graph.newCalls = []
        graph.endedTexts = []
        graph.cancelledSubtasks = []
        graph.wakeAfter = nil
        graph.questions = Questions()
        return graph
    }
}

extension Store {
    /// Lets `body` change graphs that are known from before, and writes what it changed, with its events, in one round
    /// trip: `withTaskGraphs` without reading anything.
    ///
    /// The tasks are locked, so that the service's transactions take turns. No transaction waits for another row while it
    /// holds the tenant's head, because the one statement that changes rows takes the head at its end. The last statement
    /// asks whether another session had changed the tasks: the head is held by then, and no event of that session is
    /// between the graphs and the transaction's own.
    ///
    /// - Parameter work: what commit observers are told.
    /// - Returns: nil, and nothing is written, where the rows have to be read after all: the graphs ask something, or rows
    ///   change that have no events, or are of people or of other tasks.
    /// - Throws: what the body throws, or `PostgresError`: with SQLSTATE 40001 when another session has changed one of the
    ///   tasks, with 55P03 when it holds a row. Nothing is written then, and the graphs have to be read again.
    package func withKnownTaskGraphs<T: Sendable>(
        _ scope: Scope, _ known: [KnownTaskGraph], lockTimeout: Duration = .milliseconds(100), work: Commit.Work = .none,
        _ body: (inout [TaskGraph]) throws -> T
    ) async throws -> TaskGraphCommit<T>? {
        let tenant = scope.tenantID
        let taskIDs = known.map(\.taskID)
        let before = known.map(\.graph)
        var after = before
        let result = try body(&after)
        let changes = TaskGraphChanges(from: before, to: after)
        guard changes.areOfKnownRows, after.allSatisfy({ $0.questions.asked.isEmpty }) else { return nil }
        let lock: [PostgresQuery] = [
            .lockTimeout(lockTimeout),
            """
            SELECT FROM pressroom.tasks WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id FOR NO KEY UPDATE
            """,
        ]
        let confirm: PostgresQuery = """
            SELECT pressroom.confirm_unchanged(\(tenant), \(taskIDs)::uuid[], \(known.map(\.position))::bigint[])
                   AS position
            """
        let results = try await write(
            scope, lock + changes.queries(scope) + [confirm], work: work, ended: EndedWork(from: before, to: after))
        let position: Int64? = try results.last?.first?.decode("position")
        return TaskGraphCommit(
            result: result, known: zip(known, after).compactMap { KnownTaskGraph($1, position: position ?? $0.position) })
    }
}
