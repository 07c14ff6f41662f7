import ArgumentParser
import Foundation

struct IdleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "The memory of readers that have nothing to read.",
        discussion: """
            Resident memory of the service's processes before, with all readers connected, after one event has reached \
            all of them, and after they have left. The kernel's memory for sockets is not in it.
            """)

    @Option(help: "Readers of the stream. The service's streams.max_streams must allow them.")
    var subscribers = 10_000

    @Option(help: ArgumentHelp("The service's process on this machine; can be given several times.", valueName: "pid"))
    var pid: [Int32]

    @Option(help: "Seconds to wait before each look at the memory.")
    var settle = 2.0

    @OptionGroup var options: TargetOptions
    @OptionGroup var output: ReportOptions

    func validate() throws {
        try BenchLimits.check(subscribers: subscribers, publishers: 1, messages: 1, size: 500)
        try BenchLimits.check(seconds: settle, "--settle")
    }

    func run() async throws {
        let outcome = try await options.withTarget { target in
            try IdleLoad(target: target, subscribers: subscribers, processes: pid, settle: settle).run()
        }
        var report = BenchReport("idle")
        report.add("subscribers", subscribers)
        report.add("before_kb", outcome.before / 1024)
        report.add("connected_kb", outcome.connected / 1024)
        report.add("after_event_kb", outcome.afterEvent / 1024)
        report.add("after_leaving_kb", outcome.afterLeaving / 1024)
        report.add("bytes_per_subscriber", outcome.perSubscriber(outcome.connected, subscribers))
        report.add("bytes_per_subscriber_after_event", outcome.perSubscriber(outcome.afterEvent, subscribers))
        report.add("received", outcome.received)
        report.add("open_seconds", outcome.openSeconds, decimals: 3)
        report.add("event_to_all_ms", outcome.eventToAll, decimals: 1)
        report.write(asJSON: output.json)
        guard outcome.received == subscribers else {
            throw BenchFailure("the event reached \(outcome.received) of \(subscribers) readers")
        }
    }
}

/// Readers that have nothing to read, and the memory they cost the service.
struct IdleLoad {
    let target: BenchTarget
    let subscribers: Int
    let processes: [Int32]
    /// Seconds before each look at the memory.
    let settle: Double

    /// Bytes and seconds.
    struct Outcome {
        var before = 0
        var connected = 0
        var afterEvent = 0
        var afterLeaving = 0
        var openSeconds = 0.0
        /// How many readers the event reached, and how long until the last had it, in milliseconds.
        var received = 0
        var eventToAll = 0.0

        func perSubscriber(_ memory: Int, _ subscribers: Int) -> Int {
            (memory - before) / subscribers
        }
    }

    func run() throws -> Outcome {
        var outcome = Outcome()
        let fleet = try SubscriberFleet(target, capacity: subscribers)
        MonotonicClock.sleep(seconds: settle)
        outcome.before = try ProcessMemory.resident(processes)
        let start = MonotonicClock.now()
        try fleet.open(subscribers, timeout: 120)
        outcome.openSeconds = MonotonicClock.seconds(since: start)
        try pump(fleet, seconds: settle)
        outcome.connected = try ProcessMemory.resident(processes)
        let publisher = Publishing(connections: 1, messages: 1, size: 500).start(target, stop: Publishing.Stop())
        let posted = MonotonicClock.now()
        while fleet.delivered < subscribers, MonotonicClock.seconds(since: posted) < 60 {
            try fleet.pump(milliseconds: 50)
            if publisher.isOver { _ = try publisher.finishedOutputs() }
        }
        outcome.received = fleet.readers.count { $0.received == 1 }
        outcome.eventToAll = fleet.latency.milliseconds(percentile: 100)
        try pump(fleet, seconds: settle)
        outcome.afterEvent = try ProcessMemory.resident(processes)
        fleet.close()
        MonotonicClock.sleep(seconds: settle)
        outcome.afterLeaving = try ProcessMemory.resident(processes)
        return outcome
    }

    private func pump(_ fleet: SubscriberFleet, seconds: Double) throws {
        let start = MonotonicClock.now()
        while MonotonicClock.seconds(since: start) < seconds { try fleet.pump(milliseconds: 50) }
    }
}

/// The resident memory of processes of this machine.
enum ProcessMemory {
    /// Bytes, of all of them together.
    static func resident(_ processes: [Int32]) throws(BenchFailure) -> Int {
        var total = 0
        for pid in processes { total += try resident(pid) }
        return total
    }

    private static func resident(_ pid: Int32) throws(BenchFailure) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8), !text.isEmpty else {
            throw BenchFailure("the memory of process \(pid) cannot be read: is it running here, and yours?")
        }
        for line in text.split(separator: "\n") where line.hasPrefix("Rss:") {
            if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) { return kilobytes * 1024 }
        }
        throw BenchFailure("/proc/\(pid)/smaps_rollup has no Rss")
    }
}
