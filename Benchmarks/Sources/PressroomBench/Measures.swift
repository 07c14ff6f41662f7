import ArgumentParser
import Base
import Foundation
import Glibc
import Workflow

/// How a report is written.
struct ReportOptions: ParsableArguments {
    @Flag(help: "Write JSON.")
    var json = false
}

/// The result of a run, for people and for programs.
struct BenchReport {
    private let name: String
    private var fields: [(name: String, value: JSON)] = []

    init(_ name: String) { self.name = name }

    mutating func add(_ name: String, _ value: JSON) {
        fields.append((name, value))
    }

    mutating func add(_ name: String, _ value: Int) {
        add(name, .integer(Int64(value)))
    }

    mutating func add(_ name: String, _ value: Double, decimals: Int) {
        add(name, .number(Self.rounded(value, decimals)))
    }

    /// p50, p99 and the maximum, in milliseconds.
    mutating func add(_ histogram: LatencyHistogram, _ name: String) {
        guard histogram.count > 0 else { return }
        add(name + "_p50_ms", histogram.milliseconds(percentile: 50), decimals: 3)
        add(name + "_p99_ms", histogram.milliseconds(percentile: 99), decimals: 3)
        add(name + "_max_ms", histogram.milliseconds(percentile: 100), decimals: 3)
    }

    func write(asJSON: Bool) {
        if asJSON {
            return print(JSON.object(JSONObject([("bench", .string(name))] + fields.map { ($0.name, $0.value) })).text)
        }
        let width = (fields.map(\.name.count).max() ?? 0) + 2
        for (name, value) in fields {
            print(name.padding(toLength: width, withPad: " ", startingAt: 0) + (value.string ?? value.text))
        }
    }

    static func rounded(_ value: Double, _ decimals: Int) -> Double {
        guard value.isFinite else { return 0 }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        return (value * scale).rounded() / scale
    }

    /// The middle one, or the mean of both; 0 of none.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}

/// Durations in nanoseconds, counted in buckets that are less than 0.8 % wide, whatever their number.
///
/// After HdrHistogram: 128 buckets for each power of two.
struct LatencyHistogram: Sendable {
    private static let bits = 7
    private var counts = [Int](repeating: 0, count: (64 - bits + 1) << bits)
    private(set) var count = 0
    private(set) var max: UInt64 = 0

    @inline(__always)
    mutating func record(_ nanoseconds: UInt64, count times: Int = 1) {
        counts[Self.bucket(nanoseconds)] += times
        count += times
        if nanoseconds > max { max = nanoseconds }
    }

    mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        max = Swift.max(max, other.max)
    }

    /// The smallest duration that this part of all does not exceed, 0…100; 0 when there are none.
    func milliseconds(percentile: Double) -> Double {
        guard count > 0 else { return 0 }
        let wanted = Swift.max(1, Int((percentile / 100 * Double(count)).rounded(.up)))
        var seen = 0
        for (index, number) in counts.enumerated() {
            seen += number
            if seen >= wanted { return Double(Swift.min(Self.upperBound(index), max)) / 1e6 }
        }
        return Double(max) / 1e6
    }

    @inline(__always)
    private static func bucket(_ value: UInt64) -> Int {
        let shift = Swift.max(0, 64 - bits - 1 - value.leadingZeroBitCount)
        return shift << bits + Int(value >> UInt64(shift))
    }

    private static func upperBound(_ index: Int) -> UInt64 {
        // The first two rows are exact; after them, each row begins in the middle.
        let shift = Swift.max(0, index >> bits - 1)
        let value = UInt64(index - shift << bits)
        return (value + 1) << UInt64(shift) - 1
    }
}

/// The kernel's clocks as whole nanoseconds, which every process of the machine reads alike.
enum MonotonicClock {
    static func now() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds of the day in UTC, which is how the time in events is compared.
    static func timeOfDay() -> UInt64 { read(CLOCK_REALTIME) % nanosecondsPerDay }

    static let nanosecondsPerDay: UInt64 = 86_400_000_000_000

    static func sleep(until instant: UInt64) {
        var time = timespec(tv_sec: Int(instant / 1_000_000_000), tv_nsec: Int(instant % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil) == EINTR {}
    }

    static func sleep(seconds: Double) { sleep(until: now() + UInt64(seconds * 1e9)) }

    static func seconds(since start: UInt64) -> Double { Double(now() - start) / 1e9 }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
