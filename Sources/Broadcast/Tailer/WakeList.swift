import DequeModule
import Synchronization

/// Tenants whose log may have grown: each waits at most once, and is with one worker at a time.
final class WakeList: Sendable {
    private struct State {
        var waiting = Deque<String>()
        var isWaiting: Set<String> = []
        var busy: Set<String> = []
        var again: Set<String> = []
        var failures: [String: Int] = [:]
        var workers = Deque<CheckedContinuation<String?, Never>>()
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Somebody says that there may be something to read.
    func wake(_ tenantID: String) {
        let worker: CheckedContinuation<String?, Never>? = state.withLock { state in
            guard !state.isClosed, !state.isWaiting.contains(tenantID) else { return nil }
            if state.busy.contains(tenantID) {
                state.again.insert(tenantID)
                return nil
            }
            if let worker = state.workers.popFirst() {
                state.busy.insert(tenantID)
                return worker
            }
            state.isWaiting.insert(tenantID)
            state.waiting.append(tenantID)
            return nil
        }
        worker?.resume(returning: tenantID)
    }

    /// The next tenant to look at; nil once the list is closed.
    func next() async -> String? {
        await withCheckedContinuation { continuation in
            let next: String?? = state.withLock { state in
                if state.isClosed { return .some(nil) }
                guard let tenantID = state.waiting.popFirst() else {
                    state.workers.append(continuation)
                    return nil
                }
                state.isWaiting.remove(tenantID)
                state.busy.insert(tenantID)
                return .some(tenantID)
            }
            if let next { continuation.resume(returning: next) }
        }
    }

    /// A worker is done with a tenant for now.
    func done(_ tenantID: String) {
        let isAgain = state.withLock { state in
            state.busy.remove(tenantID)
            state.failures[tenantID] = nil
            return state.again.remove(tenantID) != nil
        }
        if isAgain { wake(tenantID) }
    }

    /// A worker failed at a tenant; answers how often in a row. Nobody gets the tenant before its `retry`.
    func failed(_ tenantID: String) -> Int {
        state.withLock { state in
            state.failures[tenantID, default: 0] += 1
            return state.failures[tenantID] ?? 1
        }
    }

    func retry(_ tenantID: String) {
        state.withLock { state in
            state.busy.remove(tenantID)
            state.again.remove(tenantID)
        }
        wake(tenantID)
    }

    func close() {
        let workers = state.withLock { state in
            state.isClosed = true
            defer { state.workers = [] }
            return state.workers
        }
        for worker in workers { worker.resume(returning: nil) }
    }
}
