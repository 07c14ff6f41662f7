package import Foundation
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
