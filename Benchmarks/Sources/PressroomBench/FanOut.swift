import ArgumentParser

struct FanOutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fan-out",
        abstract: "How many events a second reach many readers, while publishers post as fast as they are answered.",
        discussion: "Exits with 1 when a reader missed an event or got one twice.")

    @Option(help: "Readers of the stream.")
    var subscribers = 1000

    @Option(help: "Connections that post events, each one event after the other.")
    var publishers = 8

    @Option(help: "Events that each of them posts.")
    var messages = 500

    @Option(help: "Bytes of a posted body, 64…1000000.")
    var size = 500

    @Option(help: "Seconds without any event after which to give up.")
    var timeout = 20.0

    @OptionGroup var options: TargetOptions
    @OptionGroup var output: ReportOptions

    func validate() throws {
        try BenchLimits.check(subscribers: subscribers, publishers: publishers, messages: messages, size: size)
        try BenchLimits.check(seconds: timeout, "--timeout")
    }

    func run() async throws {
        let outcome = try await options.withTarget { target in
            let publishing = Publishing(connections: publishers, messages: messages, size: size)
            return try StreamLoad(target: target, subscribers: subscribers, publishing: publishing, timeout: timeout).run()
        }
        var report = BenchReport("fan-out")
        outcome.addDelivery(to: &report)
        outcome.addPublishing(to: &report)
        report.add(outcome.latency, "post_to_receipt")
        report.write(asJSON: output.json)
        try outcome.requireComplete()
    }
}

struct LatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "How long an event takes to its readers at a steady rate.",
        discussion: """
            'commit_to_receipt' begins with the event's 'at', which PostgreSQL takes when it appends the event, before \
            the commit; 'post_to_receipt' begins just before the POST.
            """)

    @Option(help: "Readers of the stream.")
    var subscribers = 200

    @Option(help: "Events a second, by one publisher.")
    var rate = 200.0

    @Option(help: "How long to post.")
    var seconds = 20.0

    @Option(help: "Bytes of a posted body, 64…1000000.")
    var size = 500

    @OptionGroup var options: TargetOptions
    @OptionGroup var output: ReportOptions

    func validate() throws {
        try BenchLimits.check(subscribers: subscribers, publishers: 1, messages: messages, size: size)
        try BenchLimits.check(seconds: seconds, "--seconds")
        try BenchLimits.check(rate: rate)
    }

    private var messages: Int { max(1, Int((rate * seconds).rounded())) }

    func run() async throws {
        let outcome = try await options.withTarget { target in
            let publishing = Publishing(connections: 1, messages: messages, size: size, rate: rate)
            var load = StreamLoad(target: target, subscribers: subscribers, publishing: publishing, timeout: 20)
            load.readsCommitTimes = target.taskID != nil
            return try load.run()
        }
        var report = BenchReport("latency")
        outcome.addDelivery(to: &report)
        outcome.addPublishing(to: &report)
        report.add(outcome.commitLatency, "commit_to_receipt")
        report.add(outcome.latency, "post_to_receipt")
        report.write(asJSON: output.json)
        try outcome.requireComplete()
    }
}

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
        // The last responses may still be on their way.
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
    func requireComplete() throws(BenchFailure) {
        guard missing > 0 || doubled > 0 else { return }
        throw BenchFailure("\(missing) events were missed and \(doubled) came twice; the server cut off \(closedByServer) readers")
    }
}
