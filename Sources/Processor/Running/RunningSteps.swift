import Foundation
import Store
import Synchronization
import Workflow

/// The steps that this node runs at the moment.
final class RunningSteps: Sendable {
    private struct Entry {
        let step: ClaimedStep
        let task: Task<Void, Never>
        let startedAt = ContinuousClock.now
    }

    private let entries = Mutex<[UUID: Entry]>([:])
    /// Places that are kept free for steps that are being claimed.
    private let reserved = Mutex(0)

    /// Keeps up to `wanted` of a limited number of places free; answers how many. To be given back by `release`.
    func reserve(_ wanted: Int, of limit: Int) -> Int {
        reserved.withLock { reserved in
            let granted = max(0, min(wanted, limit - count - reserved))
            reserved += granted
            return granted
        }
    }

    func release(_ places: Int) {
        reserved.withLock { $0 -= places }
    }

    /// How many places of a limited number are neither taken nor kept free.
    func free(of limit: Int) -> Int {
        reserved.withLock { limit - count - $0 }
    }

    /// Starts a run; it leaves the list when it ends, and then `ended` is called.
    func start(
        _ step: ClaimedStep, _ run: @escaping @Sendable () async -> Void, ended: @escaping @Sendable () -> Void = {}
    ) {
        entries.withLock { entries in
            let task = Task {
                await run()
                // A later attempt of the step may run here by now.
                self.entries.withLock { if $0[step.id]?.step.attempt == step.attempt { $0[step.id] = nil } }
                ended()
            }
            // An earlier attempt whose lease was lost is of no use any more.
            entries.updateValue(Entry(step: step, task: task), forKey: step.id)?.task.cancel()
        }
    }

    /// Cancels the runs of these attempts, and not those of later ones.
    func cancel(_ lost: [(stepID: UUID, attempt: Int)]) {
        let tasks = entries.withLock { entries in
            lost.compactMap { id, attempt in entries[id].flatMap { $0.step.attempt == attempt ? $0.task : nil } }
        }
        for task in tasks { task.cancel() }
    }

    func cancelAll() {
        for task in entries.withLock({ $0.values.map(\.task) }) { task.cancel() }
    }

    /// Returns when no run is left.
    func wait() async {
        for task in entries.withLock({ $0.values.map(\.task) }) { await task.value }
    }

    /// Those that have run for some time already.
    func held(for age: Duration = .zero) -> [(stepID: UUID, attempt: Int)] {
        let now = ContinuousClock.now
        return entries.withLock { entries in
            entries.values.filter { now - $0.startedAt >= age }.map { ($0.step.id, $0.step.attempt) }
        }
    }

    var count: Int { entries.withLock { $0.count } }

    /// How many there are of each tenant.
    var countByTenant: [String: Int] {
        entries.withLock { entries in entries.values.reduce(into: [:]) { $0[$1.step.tenantID, default: 0] += 1 } }
    }
}
