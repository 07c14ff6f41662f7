import Foundation
import Synchronization

/// Threads that do the same with blocking calls, and what came of it.
final class WorkerThreads<Output: Sendable>: Sendable {
    private struct State {
        var outputs: [Output] = []
        var failure: (any Error)?
        var running: Int
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Output) {
        state = Mutex(State(running: count))
        for index in 0..<count {
            Thread.detachNewThread { [self] in finish(Result { try body(index) }) }
        }
    }

    /// Whether all have ended, or one has failed.
    var isOver: Bool { state.withLock { $0.running == 0 || $0.failure != nil } }

    /// What all of them answered, once they have ended; throws what the first that failed threw, at once.
    func outputs() async throws -> [Output] {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.running > 0, state.failure == nil {
                    state.waiter = continuation
                    return false
                }
                return true
            }
            if isOver { continuation.resume() }
        }
        return try finishedOutputs()
    }

    /// What those answered that have ended; throws what the first that failed threw.
    func finishedOutputs() throws -> [Output] {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.outputs
        }
    }

    private func finish(_ result: Result<Output, any Error>) {
        let waiter = state.withLock { state in
            state.running -= 1
            switch result {
            case .success(let output): state.outputs.append(output)
            case .failure(let error): if state.failure == nil { state.failure = error }
            }
            guard state.running == 0 || state.failure != nil else { return CheckedContinuation<Void, Never>?.none }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
