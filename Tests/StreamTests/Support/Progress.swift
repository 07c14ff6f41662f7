import Synchronization

/// How many transactions were committed: what readers and open transactions wait for, instead of a while.
final class Progress: Sendable {
    private struct State {
        var count = 0
        var isOver = false
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func advance() {
        state.withLock { $0.count += 1 }
        resume()
    }

    /// Nothing more is to be waited for.
    func end() {
        state.withLock { $0.isOver = true }
        resume()
    }

    var count: Int { state.withLock { $0.count } }

    /// Waits until so many have been committed, or all.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiters.append((count, continuation)) }
            resume()
        }
    }

    private func resume() {
        let ready = state.withLock { state in
            let ready = state.waiters.filter { state.isOver || $0.count <= state.count }
            state.waiters.removeAll { state.isOver || $0.count <= state.count }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }
}
