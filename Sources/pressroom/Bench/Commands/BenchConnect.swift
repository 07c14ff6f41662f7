import ArgumentParser

struct BenchConnect: AsyncParsableCommand {
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

    @OptionGroup var options: BenchTargetOptions
    @OptionGroup var output: OutputOptions

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
