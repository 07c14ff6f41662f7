/// Readers of one stream, and publishers that post to it.
struct StreamLoad {
    let target: BenchTarget
    let subscribers: Int
    let publishing: Publishing
    /// Seconds for the connections, and without any receipt before what is missing counts as missed.
    let timeout: Double
    var readsCommitTimes = false

    struct Outcome {
        var expected = 0
        var delivered = 0
        /// Events that readers did not get, and those that they got too often, each counted for each reader.
        var missing = 0
        var doubled = 0
        var closedByServer = 0
        var bytes = 0
        /// From the first receipt to the last.
        var seconds = 0.0
        var latency = LatencyHistogram()
        var commitLatency = LatencyHistogram()
        var published: [Publishing.Outcome] = []
    }

    func run() throws -> Outcome {
        let fleet = try SubscriberFleet(target, capacity: subscribers, readsCommitTimes: readsCommitTimes)
        try fleet.open(subscribers, timeout: timeout)
        try settle(fleet)
        let stop = Publishing.Stop()
        let publishers = publishing.start(target, stop: stop)
        defer { stop.set() }
        let each = publishing.connections * publishing.messages
        let expected = each * subscribers
        var seen = 0, since = MonotonicClock.now()
        while fleet.delivered < expected, MonotonicClock.seconds(since: since) < timeout {
            try fleet.pump(milliseconds: 50)
            if fleet.delivered != seen { (seen, since) = (fleet.delivered, MonotonicClock.now()) }
            if publishers.isOver { _ = try publishers.finishedOutputs() }
            if fleet.closedByServer == subscribers { break }
        }
        // The last answers may be on their way still.
        while !publishers.isOver, MonotonicClock.seconds(since: since) < timeout { try fleet.pump(milliseconds: 1) }
        var outcome = Outcome(expected: expected, delivered: fleet.delivered)
        for reader in fleet.readers {
            outcome.missing += max(0, each - reader.received)
            outcome.doubled += max(0, reader.received - each)
        }
        outcome.closedByServer = fleet.closedByServer
        outcome.bytes = fleet.bytes
        outcome.seconds = Double(fleet.lastReceipt - fleet.firstReceipt) / 1e9
        outcome.latency = fleet.latency
        outcome.commitLatency = fleet.commitLatency
        outcome.published = try publishers.finishedOutputs()
        return outcome
    }

    /// What comes with the connections has come when nothing has for a while.
    private func settle(_ fleet: SubscriberFleet) throws {
        var seen = fleet.bytes, since = MonotonicClock.now()
        while MonotonicClock.seconds(since: since) < 0.3 {
            try fleet.pump(milliseconds: 50)
            if fleet.bytes != seen { (seen, since) = (fleet.bytes, MonotonicClock.now()) }
        }
    }
}

extension StreamLoad.Outcome {
    func addDelivery(to report: inout BenchReport) {
        report.add("events_per_second", seconds > 0 ? Double(delivered) / seconds : 0, decimals: 0)
        report.add("delivered", delivered)
        report.add("missing", missing)
        report.add("doubled", doubled)
        report.add("cut_off", closedByServer)
        report.add("megabytes", Double(bytes) / 1e6, decimals: 1)
        report.add("seconds", seconds, decimals: 3)
    }

    func addPublishing(to report: inout BenchReport) {
        let posted = published.reduce(0) { $0 + $1.posted }
        let start = published.map(\.started).min() ?? 0, end = published.map(\.ended).max() ?? 0
        report.add("published", posted)
        report.add("published_per_second", end > start ? Double(posted) / (Double(end - start) / 1e9) : 0, decimals: 0)
        report.add(published.reduce(into: LatencyHistogram()) { $0.add($1.roundTrip) }, "post_to_answer")
    }

    /// Throws unless every reader got every event once.
    func requireComplete() throws(CommandFailure) {
        guard missing > 0 || doubled > 0 else { return }
        throw CommandFailure("\(missing) events were missed and \(doubled) came twice; the server cut off \(closedByServer) readers")
    }
}
