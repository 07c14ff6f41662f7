import ArgumentParser

struct BenchFanOut: AsyncParsableCommand {
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

    @OptionGroup var options: BenchTargetOptions
    @OptionGroup var output: OutputOptions

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
