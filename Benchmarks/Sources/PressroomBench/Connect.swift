import ArgumentParser
import Foundation

struct ConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "How long new readers wait while events pour out to others.",
        discussion: """
            Opens all new connections at once in the middle of a fan-out that never pauses, and measures from each \
            'connect' to the first bytes. The counters are the kernel's, of the whole machine: SYNs that were dropped \
            are sent again after a second.
            """)

    @Option(help: "New connections, opened at once.")
    var connections = 1000

    @Option(help: "Readers that are there before.")
    var subscribers = 1000

    @Option(help: "Connections that post events all the time; 0 for a quiet service.")
    var publishers = 8

    @Option(help: "Bytes of a posted body, 64…1000000.")
    var size = 500

    @Option(help: "Seconds after which to give up.")
    var timeout = 60.0

    @OptionGroup var options: TargetOptions
    @OptionGroup var output: ReportOptions

    func validate() throws {
        try BenchLimits.check(
            subscribers: connections + subscribers, publishers: max(publishers, 1), messages: 1, size: size)
        try BenchLimits.check(seconds: timeout, "--timeout")
        guard connections >= 1, subscribers >= 0, publishers >= 0 else {
            throw ValidationError("--connections must be at least 1, --subscribers and --publishers at least 0")
        }
    }

    func run() async throws {
        let outcome = try await options.withTarget { target in
            let load = ConnectLoad(
                target: target, connections: connections, subscribers: subscribers, publishers: publishers, size: size,
                timeout: timeout)
            return try load.run()
        }
        var report = BenchReport("connect")
        report.add("connections", connections)
        report.add("all_ready_ms", outcome.allReady * 1000, decimals: 1)
        report.add(outcome.waits, "first_bytes")
        report.add("delivered_meanwhile", outcome.delivered)
        report.add("published_meanwhile", outcome.published)
        report.add("syn_retransmits", outcome.counters.synRetransmits)
        report.add("retransmitted_segments", outcome.counters.retransmittedSegments)
        report.add("listen_drops", outcome.counters.listenDrops)
        report.write(asJSON: output.json)
    }
}

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
            guard MonotonicClock.seconds(since: start) < timeout else { throw BenchFailure("the burst did not begin") }
        }
        // The old readers have a thread of their own, so that they do not delay the new ones' first bytes.
        let handedOver = OnThread(old)
        let reading = WorkerThreads<Int>(1) { _ in
            let fleet = handedOver.value, before = fleet.delivered
            while !stop.isSet { try fleet.pump(milliseconds: 20) }
            guard fleet.closedByServer == 0 else {
                throw BenchFailure("the server closed \(fleet.closedByServer) of the readers that were there before")
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

    /// Hands a value over to one other thread; the first thread does not use it any more.
    private struct OnThread: @unchecked Sendable {
        let value: SubscriberFleet
        init(_ value: SubscriberFleet) { self.value = value }
    }
}

/// The kernel's TCP counters, of the whole machine; 0 for those it does not have.
struct NetworkCounters: Sendable {
    var synRetransmits = 0
    var retransmittedSegments = 0
    /// Connections that were not accepted because the listener's queue was full.
    var listenDrops = 0

    static func now() -> NetworkCounters {
        let extended = table("/proc/net/netstat", "TcpExt:"), plain = table("/proc/net/snmp", "Tcp:")
        return NetworkCounters(
            synRetransmits: extended["TCPSynRetrans"] ?? 0, retransmittedSegments: plain["RetransSegs"] ?? 0,
            listenDrops: extended["ListenDrops"] ?? 0)
    }

    func since(_ before: NetworkCounters) -> NetworkCounters {
        NetworkCounters(
            synRetransmits: synRetransmits - before.synRetransmits,
            retransmittedSegments: retransmittedSegments - before.retransmittedSegments,
            listenDrops: listenDrops - before.listenDrops)
    }

    /// A line of names and one of numbers.
    private static func table(_ path: String, _ prefix: String) -> [String: Int] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map { $0.split(separator: " ") }
        guard lines.count == 2 else { return [:] }
        return Dictionary(zip(lines[0].map(String.init), lines[1].map { Int($0) ?? 0 })) { first, _ in first }
    }
}
