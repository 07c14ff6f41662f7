import Synchronization

/// Holds callers back until it is opened, or they are cancelled.
final class Gate: Sendable {
    private enum State {
        case open
        case closed([AsyncStream<Void>.Continuation])
    }

    private let state = Mutex(State.closed([]))

    func wait() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        state.withLock { state in
            switch state {
            case .open: continuation.finish()
            case .closed(let waiting): state = .closed(waiting + [continuation])
            }
        }
        for await _ in stream {}
    }

    func open() {
        let waiting = state.withLock { state in
            guard case .closed(let waiting) = state else { return [AsyncStream<Void>.Continuation]() }
            state = .open
            return waiting
        }
        for continuation in waiting { continuation.finish() }
    }
}
