import Foundation
import Synchronization

/// Connections that post events, each one event after the other.
struct Publishing: Sendable {
    var connections: Int
    /// That each of them posts.
    var messages: Int
    /// Bytes of a body.
    var size: Int
    /// Events a second of each connection; nil for as fast as the responses come.
    var rate: Double?

    /// What one connection did, in nanoseconds of the monotonic clock.
    struct Outcome: Sendable {
        var posted = 0
        var started: UInt64 = 0
        var ended: UInt64 = 0
        var roundTrip = LatencyHistogram()
    }

    /// Ends publishers before their last message.
    final class Stop: Sendable {
        private let flag = Atomic(false)
        var isSet: Bool { flag.load(ordering: .relaxed) }
        func set() { flag.store(true, ordering: .relaxed) }
    }

    /// Starts a thread for each connection.
    func start(_ target: BenchTarget, stop: Stop) -> WorkerThreads<Outcome> {
        WorkerThreads(connections) { _ in try publish(target, stop: stop) }
    }

    private func publish(_ target: BenchTarget, stop: Stop) throws -> Outcome {
        let connection = try KeepAliveConnection(target.server)
        var request = target.post(TimeMark.body(size: size))
        let digits = TimeMark.digits(in: request)
        var outcome = Outcome()
        outcome.started = MonotonicClock.now()
        while outcome.posted < messages, !stop.isSet {
            if let rate { MonotonicClock.sleep(until: outcome.started + UInt64(Double(outcome.posted) / rate * 1e9)) }
            let sent = MonotonicClock.now()
            TimeMark.write(sent, at: digits, to: &request)
            try connection.exchange(request)
            outcome.posted += 1
            outcome.roundTrip.record(MonotonicClock.now() - sent)
        }
        outcome.ended = MonotonicClock.now()
        return outcome
    }
}

/// When an event was posted, inside the event: `ts=` and twenty digits, nanoseconds of the monotonic clock.
enum TimeMark {
    static let digitCount = 20

    /// The body of a post, as long as asked for (at least 64 bytes); the mark's digits are still zeros.
    static func body(size: Int) -> String {
        let head = "{\"type\":\"custom.bench\",\"data\":{\"at\":\"ts=\(String(repeating: "0", count: digitCount))\",\"pad\":\""
        return head + String(repeating: "x", count: max(0, size - head.utf8.count - 3)) + "\"}}"
    }

    /// The position of the digits in a request with such a body.
    static func digits(in request: [UInt8]) -> Range<Int> {
        guard let mark = request.firstRange(of: Array("\"ts=".utf8)) else { preconditionFailure("no mark in a request") }
        return mark.upperBound..<mark.upperBound + digitCount
    }

    static func write(_ time: UInt64, at digits: Range<Int>, to request: inout [UInt8]) {
        var rest = time
        for index in digits.reversed() {
            request[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}

/// Threads that run the same blocking code, and their results.
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

    /// The results of all, once they have ended; throws the first error immediately.
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

    /// The results of those that have ended; throws the first error.
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
