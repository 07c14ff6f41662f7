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
