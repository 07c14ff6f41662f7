import Synchronization

/// The lines that a program has written so far, and those that it will write.
final class LineLog: Sendable {
    private struct State {
        var lines: [String] = []
        var rest: [UInt8] = []
        var isFinished = false
        var waiters: [AsyncStream<String>.Continuation] = []

        mutating func endLine() {
            let line = String(decoding: rest, as: UTF8.self)
            rest = []
            lines.append(line)
            for waiter in waiters { waiter.yield(line) }
        }
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }
    var text: String { lines.joined(separator: "\n") }

    func append(_ bytes: some Sequence<UInt8>) {
        state.withLock { state in
            for byte in bytes {
                if byte == UInt8(ascii: "\n") { state.endLine() } else { state.rest.append(byte) }
            }
        }
    }

    func finish() {
        state.withLock { state in
            if !state.rest.isEmpty { state.endLine() }
            state.isFinished = true
            for waiter in state.waiters { waiter.finish() }
            state.waiters = []
        }
    }

    /// The first line that fits, of those written and those to come; nil when the program ends without one.
    func first(where fits: (String) -> Bool) async -> String? {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        state.withLock { state in
            for line in state.lines { continuation.yield(line) }
            if state.isFinished { continuation.finish() } else { state.waiters.append(continuation) }
        }
        for await line in stream where fits(line) { return line }
        return nil
    }

    /// Returns when the program has closed its end.
    func end() async {
        _ = await first { _ in false }
    }
}
