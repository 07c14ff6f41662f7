import NIOCore
import Synchronization

/// What a stream has sent so far, for a test that waits for something in it.
final class StreamRecording: Sendable {
    private struct Waiter {
        let condition: @Sendable (EventStreamReader) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var reader = EventStreamReader()
        var bytes: [UInt8] = []
        var isClosed = false
        var wasDropped = false
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    var events: [ReceivedEvent] { state.withLock { $0.reader.events } }
    /// All that was sent, chunks and all.
    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var lines: Int { state.withLock { $0.reader.lines } }
    var lastID: String? { state.withLock { $0.reader.lastID } }
    var wasDropped: Bool { state.withLock { $0.wasDropped } }
    /// Nil while what was sent is well formed.
    var framingError: String? { state.withLock { $0.reader.framingError } }

    func append(_ bytes: ByteBuffer) {
        let ready = state.withLock { state in
            state.reader.append(bytes.readableBytesView)
            state.bytes += bytes.readableBytesView
            return Self.takeReady(&state)
        }
        for continuation in ready { continuation.resume(returning: true) }
    }

    func close(wasDropped: Bool) {
        let (ready, left) = state.withLock { state in
            state.isClosed = true
            state.wasDropped = wasDropped
            let ready = Self.takeReady(&state)
            defer { state.waiters = [] }
            return (ready, state.waiters.map(\.continuation))
        }
        for continuation in ready { continuation.resume(returning: true) }
        for continuation in left { continuation.resume(returning: false) }
    }

    /// Waits until the events satisfy a condition; false when the stream closes before they do.
    @discardableResult
    func wait(until condition: @escaping @Sendable ([ReceivedEvent]) -> Bool) async -> Bool {
        await wait(forReader: { condition($0.events) })
    }

    /// The same, for what is no event. A test that takes too long is cancelled, and waits no longer.
    @discardableResult
    func wait(forReader condition: @escaping @Sendable (EventStreamReader) -> Bool) async -> Bool {
        await withTaskCancellationHandler {
            await wait(for: condition)
        } onCancel: {
            close(wasDropped: false)
        }
    }

    private func wait(for condition: @escaping @Sendable (EventStreamReader) -> Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if condition(state.reader) { return true }
                if state.isClosed { return false }
                state.waiters.append(Waiter(condition: condition, continuation: continuation))
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private static func takeReady(_ state: inout State) -> [CheckedContinuation<Bool, Never>] {
        let reader = state.reader
        let ready = state.waiters.filter { $0.condition(reader) }.map(\.continuation)
        state.waiters.removeAll { $0.condition(reader) }
        return ready
    }
}
