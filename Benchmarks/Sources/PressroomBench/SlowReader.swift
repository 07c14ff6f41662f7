import ArgumentParser
import Base
import Glibc
import Workflow

struct SlowReaderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow-reader",
        abstract: "What one reader that hardly reads costs the others.",
        discussion: """
            The same steady load in alternating rounds, without and with one more reader that takes a few bytes a \
            second and reconnects with its cursor when it is cut off. The result is the others' p99.
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

    @OptionGroup var options: TargetOptions
    @OptionGroup var output: ReportOptions

    func validate() throws {
        try BenchLimits.check(subscribers: subscribers, publishers: 1, messages: messages, size: size)
        try BenchLimits.check(seconds: seconds, "--seconds")
        try BenchLimits.check(rate: rate)
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

/// A reader that takes a few bytes a second, and reconnects with its cursor when it is cut off.
final class SlowReader {
    struct Outcome: Sendable {
        var cutOff = 0
        var bytes = 0
    }

    private let ending = Publishing.Stop()
    private let thread: WorkerThreads<Outcome>

    init(target: BenchTarget, bytesPerSecond: Int) {
        let ending = ending
        thread = WorkerThreads(1) { _ in try Self.read(target, bytesPerSecond, until: ending) }
    }

    /// Disconnects, and returns what happened until then.
    func stop() throws -> Outcome {
        ending.set()
        while !thread.isOver { MonotonicClock.sleep(seconds: 0.01) }
        return try thread.finishedOutputs().first ?? Outcome()
    }

    private static func read(_ target: BenchTarget, _ bytesPerSecond: Int, until ending: Publishing.Stop) throws -> Outcome {
        var outcome = Outcome()
        var cursor: String?
        while !ending.isSet {
            // A small buffer: the kernel must not read ahead for it.
            let socket = try target.server.connect(isBlocking: true, receiveBuffer: 4096)
            defer { close(socket) }
            var limit = timeval(tv_sec: 0, tv_usec: 200_000)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            let request = target.subscription(lastEventID: cursor)
            guard send(socket, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { continue }
            var piece = [UInt8](repeating: 0, count: max(1, bytesPerSecond / 10)), line: [UInt8] = []
            while !ending.isSet {
                let count = recv(socket, &piece, piece.count, 0)
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                guard count > 0 else {
                    outcome.cutOff += 1
                    break
                }
                outcome.bytes += count
                for byte in piece.prefix(count) { Self.follow(byte, &line, &cursor) }
                MonotonicClock.sleep(seconds: Double(count) / Double(bytesPerSecond))
            }
        }
        return outcome
    }

    /// Keeps the last `id:` that came whole.
    private static func follow(_ byte: UInt8, _ line: inout [UInt8], _ cursor: inout String?) {
        guard byte == 10 else {
            if line.count < 200 { line.append(byte) }
            return
        }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("id: "), !text.hasSuffix("\r") { cursor = String(text.dropFirst(4)) }
        line.removeAll(keepingCapacity: true)
    }
}
