import Synchronization

/// A value that comes once, and that any number of tasks wait for.
final class Eventual<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [AsyncStream<Value>.Continuation] = []
    }

    private let state = Mutex(State())

    /// Nil until it comes.
    var value: Value? { state.withLock { $0.value } }

    /// The first value counts.
    func set(_ value: Value) {
        let waiters = state.withLock { state in
            guard state.value == nil else { return [AsyncStream<Value>.Continuation]() }
            state.value = value
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.yield(value)
            waiter.finish()
        }
    }

    /// Throws `CancellationError` when the waiting task is cancelled.
    func get() async throws -> Value {
        let (stream, continuation) = AsyncStream<Value>.makeStream()
        let known = state.withLock { state in
            if state.value == nil { state.waiters.append(continuation) }
            return state.value
        }
        if let known { return known }
        for await value in stream { return value }
        throw CancellationError()
    }
}
