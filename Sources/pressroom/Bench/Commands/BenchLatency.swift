import ArgumentParser

struct BenchLatency: AsyncParsableCommand {
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

    @OptionGroup var options: BenchTargetOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try BenchLimits.check(subscribers: subscribers, publishers: 1, messages: messages, size: size)
        try BenchLimits.check(seconds: seconds, "--seconds")
        guard rate > 0, rate <= 100_000 else { throw ValidationError("--rate must be above 0 and at most 100000") }
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
