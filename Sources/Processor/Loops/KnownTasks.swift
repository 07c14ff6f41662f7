import Foundation
import Store
import Synchronization

/// The tasks with steps that run here, as the last transaction left them: their next results need not read them.
final class KnownTasks: Sendable {
    struct Entry: Sendable {
        let graph: KnownTaskGraph
        let workflow: LoadedWorkflow
    }

    private let entries = Mutex<[UUID: Entry]>([:])
    /// A task has an entry while its steps run, and seldom a little longer. When there are more, all are dropped.
    private let capacity = 10_000

    func keep(_ graph: KnownTaskGraph, _ workflow: LoadedWorkflow) {
        entries.withLock { entries in
            if entries.count >= capacity { entries.removeAll() }
            entries[graph.taskID] = Entry(graph: graph, workflow: workflow)
        }
    }

    /// What is known of these tasks; it is known no more then.
    func take(_ taskIDs: some Sequence<UUID>) -> [Entry] {
        entries.withLock { entries in taskIDs.compactMap { entries.removeValue(forKey: $0) } }
    }
}
