import ArgumentParser
import Workflow

struct BenchSlowReader: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow-reader",
        abstract: "What one reader that hardly reads costs the others.",
        discussion: """
            The same steady load in alternating rounds, without and with one more reader that takes a few bytes a \
            second and comes back with its cursor when it is cut off. What counts is the others' p99.
            """)

    @Option(help: "Readers that keep up.")
    var subscribers = 1000

    @Option(help: "Events a second, by one publisher.")
    var rate = 200.0

    @Option(help: "How long each round posts.")
    var seconds = 10.0

    @Option(help: "Bytes of a posted body, 64…1000000.")
    var size = 1000

    @Option(help: "Rounds of each kind.")
    var rounds = 3

    @Option(help: "What the slow reader takes.")
    var bytesPerSecond = 1000

    @OptionGroup var options: BenchTargetOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try BenchLimits.check(subscribers: subscribers, publishers: 1, messages: messages, size: size)
        try BenchLimits.check(seconds: seconds, "--seconds")
        guard rate > 0, rate <= 100_000 else { throw ValidationError("--rate must be above 0 and at most 100000") }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be 1…100") }
        guard (1...10_000_000).contains(bytesPerSecond) else {
            throw ValidationError("--bytes-per-second must be 1…10000000")
        }
    }

    private var messages: Int { max(1, Int((rate * seconds).rounded())) }

    func run() async throws {
        var without: [Double] = [], with: [Double] = []
        var cutOff = 0, slowBytes = 0
        try await options.withTarget { target in
            let publishing = Publishing(connections: 1, messages: messages, size: size, rate: rate)
            let load = StreamLoad(
                target: target, subscribers: subscribers, publishing: publishing, timeout: 20)
            for _ in 0..<rounds {
                let alone = try load.run()
                try alone.requireComplete()
                without.append(alone.latency.milliseconds(percentile: 99))
                let reader = SlowReader(target: target, bytesPerSecond: bytesPerSecond)
                let beside = Result { try load.run() }
                let slow = try reader.stop()
                try beside.get().requireComplete()
                with.append(try beside.get().latency.milliseconds(percentile: 99))
                (cutOff, slowBytes) = (cutOff + slow.cutOff, slowBytes + slow.bytes)
            }
        }
        var report = BenchReport("slow-reader")
        report.add("subscribers", subscribers)
        report.add("p99_ms_without", .array(without.map { .number(BenchReport.rounded($0, 3)) }))
        report.add("p99_ms_with", .array(with.map { .number(BenchReport.rounded($0, 3)) }))
        report.add("median_p99_ms_without", BenchReport.median(without), decimals: 3)
        report.add("median_p99_ms_with", BenchReport.median(with), decimals: 3)
        report.add("ratio", BenchReport.median(with) / BenchReport.median(without), decimals: 3)
        report.add("slow_reader_cut_off", cutOff)
        report.add("slow_reader_bytes", slowBytes)
        report.write(asJSON: output.json)
    }
}
