import CoreMetrics
import Synchronization

// The values of series. Counting takes no lock.

/// What only grows, by whole steps.
final class CounterCell: CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        value.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        value.store(0, ordering: .relaxed)
    }

    var count: Double { Double(value.load(ordering: .relaxed)) }
}

/// A floating-point number that can be added to and set.
final class NumberCell: FloatingPointCounterHandler, MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(0)

    var number: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    private func add(_ amount: Double) {
        guard amount.isFinite else { return }
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (isDone, current) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if isDone { return }
            old = current
        }
    }

    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func set(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func record(_ value: Int64) { set(Double(value)) }
    func reset() { set(0.0) }
}

/// A floating-point counter: what would make it smaller is left out.
final class SumCell: FloatingPointCounterHandler {
    private let cell = NumberCell()

    var number: Double { cell.number }

    func increment(by amount: Double) {
        if amount > 0 { cell.increment(by: amount) }
    }

    func reset() { cell.reset() }
}

/// How many values were in each bucket, and their sum.
final class HistogramCell: TimerHandler, RecorderHandler {
    private final class Bucket: Sendable {
        let count = Atomic<Int64>(0)
    }

    private let bounds: [Double]
    private let buckets: [Bucket]
    private let sum = NumberCell()

    /// - Parameter bounds: rising, without infinity.
    init(bounds: [Double]) {
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in Bucket() }
    }

    /// A value that is no number is left out.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        buckets[low].count.wrappingAdd(1, ordering: .relaxed)
        sum.increment(by: value)
    }

    func record(_ value: Int64) { record(Double(value)) }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func snapshot() -> HistogramValue {
        HistogramValue(
            bounds: bounds, counts: buckets.map { $0.count.load(ordering: .relaxed) }, sum: sum.number)
    }
}

/// What a histogram held at a moment.
package struct HistogramValue: Sendable, Equatable {
    package let bounds: [Double]
    /// How many values each bucket has by itself; the last is without an upper bound.
    package let counts: [Int64]
    package let sum: Double

    package init(bounds: [Double], counts: [Int64], sum: Double) {
        self.bounds = bounds
        self.counts = counts
        self.sum = sum
    }
}
