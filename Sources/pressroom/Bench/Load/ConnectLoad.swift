/// New readers in the middle of a fan-out that never pauses.
struct ConnectLoad {
    let target: BenchTarget
    let connections: Int
    let subscribers: Int
    let publishers: Int
    let size: Int
    let timeout: Double

    struct Outcome {
        /// Seconds until the last new reader had its first bytes.
        var allReady = 0.0
        var waits = LatencyHistogram()
        var delivered = 0
        var published = 0
        var counters = NetworkCounters()
    }

    func run() throws -> Outcome {
        try OpenFiles.allow(subscribers + connections)
        let old = try SubscriberFleet(target, capacity: subscribers)
        try old.open(subscribers, timeout: timeout)
        let stop = Publishing.Stop()
        defer { stop.set() }
        let publishing = Publishing(connections: publishers, messages: .max, size: size)
        let posting = publishing.start(target, stop: stop)
        // Until the burst is under way.
        let start = MonotonicClock.now()
        while publishers > 0, subscribers > 0, old.delivered < subscribers * 20 {
            try old.pump(milliseconds: 20)
            if posting.isOver { _ = try posting.finishedOutputs() }
            guard MonotonicClock.seconds(since: start) < timeout else { throw CommandFailure("the burst did not begin") }
        }
        // The old readers are read by a thread of their own, so that they do not hide when the new ones get their bytes.
        let handedOver = OnThread(old)
        let reading = WorkerThreads<Int>(1) { _ in
            let fleet = handedOver.value, before = fleet.delivered
            while !stop.isSet { try fleet.pump(milliseconds: 20) }
            guard fleet.closedByServer == 0 else {
                throw CommandFailure("the server closed \(fleet.closedByServer) of the readers that were there before")
            }
            return fleet.delivered - before
        }
        let fresh = try SubscriberFleet(target, capacity: connections)
        let before = NetworkCounters.now(), opened = MonotonicClock.now()
        try fresh.open(connections, atOnce: connections, timeout: timeout)
        var outcome = Outcome(allReady: MonotonicClock.seconds(since: opened), waits: fresh.waits)
        outcome.counters = NetworkCounters.now().since(before)
        stop.set()
        while !posting.isOver && publishers > 0 || !reading.isOver { try fresh.pump(milliseconds: 1) }
        outcome.delivered = try reading.finishedOutputs().reduce(fresh.delivered, +)
        outcome.published = try posting.finishedOutputs().reduce(0) { $0 + $1.posted }
        return outcome
    }

    /// Gives a value to one other thread; the giver does not touch it any more.
    private struct OnThread: @unchecked Sendable {
        let value: SubscriberFleet
        init(_ value: SubscriberFleet) { self.value = value }
    }
}
