import Synchronization

/// Connections that post events, each one event after the other.
struct Publishing: Sendable {
    var connections: Int
    /// That each of them posts.
    var messages: Int
    /// Bytes of a body.
    var size: Int
    /// Events a second of each connection; nil for as fast as the answers come.
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
