import Foundation
import Store
import Synchronization
import Workflow

/// The steps that this node runs at the moment, and the slots reserved for others.
final class RunningSteps: Sendable {
    private struct Entry {
        let step: ClaimedStep
        let task: Task<Void, Never>
        let startedAt = ContinuousClock.now
    }

    private let entries = Mutex<[TenantKey: Entry]>([:])
    /// Slots that are reserved for steps that are being claimed.
    private let reserved = Mutex(0)

    /// Reserves up to `wanted` of `limit` slots; returns how many. To be given back by `release`.
    func reserve(_ wanted: Int, of limit: Int) -> Int {
        reserved.withLock { reserved in
            let granted = max(0, min(wanted, limit - count - reserved))
            reserved += granted
            return granted
        }
    }

    func release(_ slots: Int) {
        reserved.withLock { $0 -= slots }
    }

    /// Starts a run; it leaves the list when it ends, and then `ended` is called.
    func start(
        _ step: ClaimedStep, _ run: @escaping @Sendable () async -> Void, ended: @escaping @Sendable () -> Void = {}
    ) {
        entries.withLock { entries in
            let task = Task {
                await run()
                // A later attempt of the step may run here by now.
                self.entries.withLock { if $0[step.key]?.step.attempt == step.attempt { $0[step.key] = nil } }
                ended()
            }
            // An earlier attempt has lost its lease.
            entries.updateValue(Entry(step: step, task: task), forKey: step.key)?.task.cancel()
        }
    }

    /// Cancels the runs of these attempts, and not those of later ones.
    func cancel(_ lost: [(step: TenantKey, attempt: Int)]) {
        let tasks = entries.withLock { entries in
            lost.compactMap { key, attempt in entries[key].flatMap { $0.step.attempt == attempt ? $0.task : nil } }
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

    /// The steps that have run for at least `age`.
    func held(for age: Duration = .zero) -> [(step: TenantKey, attempt: Int)] {
        let now = ContinuousClock.now
        return entries.withLock { entries in
            entries.values.filter { now - $0.startedAt >= age }.map { ($0.step.key, $0.step.attempt) }
        }
    }

    var count: Int { entries.withLock { $0.count } }

    /// How many there are of each tenant.
    var countByTenant: [String: Int] {
        entries.withLock { entries in entries.values.reduce(into: [:]) { $0[$1.step.tenantID, default: 0] += 1 } }
    }
}

extension ClaimedStep {
    var key: TenantKey { TenantKey(tenantID, id) }
}
