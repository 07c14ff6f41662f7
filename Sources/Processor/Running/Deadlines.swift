import Synchronization

/// Cancels work whose time is up. One task sleeps for all of them: most work ends long before, and a sleep of its own would
/// cost more than a short step does.
final class Deadlines: Sendable {
    private struct State {
        var open: [Int: (deadline: ContinuousClock.Instant, cancel: @Sendable () -> Void)] = [:]
        var lastID = 0
        /// When the sleeping task wakes; nil: there is none.
        var wakesAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Runs `body`, and cancels it when the limit has passed; it is waited for, since nothing can be taken away from it.
    /// Nil when its time was up.
    func run<T: Sendable>(within limit: Duration, _ body: @escaping @Sendable () async throws -> T) async throws -> T? {
        let work = Task { try await body() }
        let id = add(.now + limit) { work.cancel() }
        let result = await withTaskCancellationHandler { await work.result } onCancel: { work.cancel() }
        let wasInTime = remove(id)
        return wasInTime ? try result.get() : nil
    }

    private func add(_ deadline: ContinuousClock.Instant, _ cancel: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.lastID += 1
            state.open[state.lastID] = (deadline, cancel)
            if state.wakesAt.map({ deadline < $0 }) ?? true { sleep(until: deadline, &state) }
            return state.lastID
        }
    }

    /// Answers whether the time was not up.
    private func remove(_ id: Int) -> Bool {
        state.withLock { $0.open.removeValue(forKey: id) != nil }
    }

    private func sleep(until deadline: ContinuousClock.Instant, _ state: inout State) {
        state.wakesAt = deadline
        Task { [weak self] in
            try? await Task.sleep(until: deadline)
            self?.wake(deadline)
        }
    }

    private func wake(_ deadline: ContinuousClock.Instant) {
        let late = state.withLock { state in
            let late = state.open.filter { $0.value.deadline <= .now }
            for id in late.keys { state.open[id] = nil }
            // One that was to wake earlier has taken this one's place.
            if state.wakesAt == deadline {
                state.wakesAt = nil
                if let next = state.open.values.map(\.deadline).min() { sleep(until: next, &state) }
            }
            return late.values.map(\.cancel)
        }
        for cancel in late { cancel() }
    }
}
