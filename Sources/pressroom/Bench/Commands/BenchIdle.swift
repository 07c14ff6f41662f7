import ArgumentParser

struct BenchIdle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "The memory that readers cost who have nothing to read.",
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

    @OptionGroup var options: BenchTargetOptions
    @OptionGroup var output: OutputOptions

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
            throw CommandFailure("the event reached \(outcome.received) of \(subscribers) readers")
        }
    }
}
