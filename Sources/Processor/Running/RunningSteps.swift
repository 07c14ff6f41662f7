import Foundation
import Store
import Synchronization
import Workflow

/// The steps that this node runs at the moment.
final class RunningSteps: Sendable {
    private struct Entry {
        let step: ClaimedStep
        let task: Task<Void, Never>
    }

    private let entries = Mutex<[UUID: Entry]>([:])

    /// Starts a run; it leaves the list when it ends.
    func start(_ step: ClaimedStep, _ run: @escaping @Sendable () async -> Void) {
        entries.withLock { entries in
            let task = Task {
                await run()
                // A later attempt of the step may run here by now.
                self.entries.withLock { if $0[step.id]?.step.attempt == step.attempt { $0[step.id] = nil } }
            }
            entries[step.id] = Entry(step: step, task: task)
        }
    }

    func cancel(_ stepIDs: [UUID]) {
        for task in entries.withLock({ entries in stepIDs.compactMap { entries[$0]?.task } }) { task.cancel() }
    }

    func cancelAll() {
        for task in entries.withLock({ $0.values.map(\.task) }) { task.cancel() }
    }

    /// Returns when no run is left.
    func wait() async {
        for task in entries.withLock({ $0.values.map(\.task) }) { await task.value }
    }

    var held: [(stepID: UUID, attempt: Int)] {
        entries.withLock { $0.values.map { ($0.step.id, $0.step.attempt) } }
    }

    var count: Int { entries.withLock { $0.count } }

    /// How many more calls of each limited provider may run.
    func room(_ limits: [String: Int]) -> [String: Int] {
        entries.withLock { entries in
            var room = limits
            for entry in entries.values {
                if let provider = entry.step.model?.provider, let left = room[provider] { room[provider] = max(0, left - 1) }
            }
            return room
        }
    }
}
