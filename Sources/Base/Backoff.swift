/// How long to wait after failures in a row: exponential back-off with jitter.
///
/// The wait after failure *n*, counted from 1, is `min(max, initial · factor^(n−1))`, multiplied by a random number
/// from `jitter`, so that clients which failed together do not come back together (M. Brooker, "Exponential Backoff and
/// Jitter", AWS Architecture Blog, 2015). Waits are whole nanoseconds, at least zero and at most 292 years: extreme
/// values never trap.
package struct Backoff: Sendable, Hashable {
    /// The wait after the first failure; zero means no wait at all.
    package var initial: Duration
    /// The factor between a wait and the next one, at least 1.
    package var factor: Double
    /// The longest wait, before jitter.
    package var max: Duration
    /// The bounds of the random number that each wait is multiplied by, at least 0: `0.5...1` shortens a wait by up to a
    /// half, `1...1.5` lengthens it by up to a half, `1...1` keeps it.
    package var jitter: ClosedRange<Double>
    /// The failures in a row that `next()` has counted.
    package private(set) var failures = 0

    package init(initial: Duration, factor: Double = 2, max: Duration, jitter: ClosedRange<Double> = 0.5...1) {
        self.initial = initial
        self.factor = factor
        self.max = max
        self.jitter = jitter
    }

    /// Counts a failure and returns the wait after it.
    package mutating func next() -> Duration {
        failures = failures < .max ? failures + 1 : failures
        return delay(afterFailures: failures)
    }

    /// Begins again with `initial`, after a success.
    package mutating func reset() {
        failures = 0
    }

    /// The wait after `failures` failures in a row; 0 counts as 1.
    ///
    /// - Parameter random: 0..<1; places the wait between the bounds of `jitter`.
    package func delay(afterFailures failures: Int, random: Double = .random(in: 0..<1)) -> Duration {
        guard initial > .zero else { return .zero }
        let exponent = failures > 1 ? failures - 1 : 0
        let wait = Swift.min(max.inSeconds, initial.inSeconds * Self.power(factor, exponent))
        let nanoseconds = wait * (jitter.lowerBound + (jitter.upperBound - jitter.lowerBound) * random) * 1e9
        // Also false for a wait that is no number, such as zero times infinity.
        guard nanoseconds > 0 else { return .zero }
        return .nanoseconds(Int64(Swift.min(nanoseconds.rounded(), 9.2e18)))
    }

    /// A whole power by squaring; infinity where it passes the range of a double.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        var square = base
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
