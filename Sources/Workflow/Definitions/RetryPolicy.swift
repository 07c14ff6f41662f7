import Base

/// When a failed step is tried again: exponential back-off with a proportional jitter.
package struct RetryPolicy: Sendable, Hashable {
    /// The limit of attempts of a step, the first included; 1 for no retry.
    package var maxAttempts: Int
    /// The wait after the first attempt.
    package var initial: Duration
    /// What each further wait is multiplied by; at least 1.
    package var factor: Double
    /// The limit of a wait before jitter.
    package var max: Duration
    /// 0…1: the share of the wait that is random.
    package var jitter: Double
    /// Error codes after which there is no retry.
    package var nonRetryable: [String]

    package init(
        maxAttempts: Int = 3, initial: Duration = .seconds(1), factor: Double = 2, max: Duration = .seconds(60),
        jitter: Double = 0.2, nonRetryable: [String] = []
    ) {
        self.maxAttempts = maxAttempts
        self.initial = initial
        self.factor = factor
        self.max = max
        self.jitter = jitter
        self.nonRetryable = nonRetryable
    }

    /// The wait after attempt `n`, counted from 1: `min(max, initial · factor^(n−1))`, then spread evenly over
    /// ± `jitter` of itself, so that steps that failed together are not tried again together.
    ///
    /// `random` is in 0..<1; 0.5 gives the wait without jitter. The result is never negative, and passes `max` by at
    /// most `jitter · max`. A jitter of 1 spreads over 0…2 waits, with the same mean.
    package func delay(afterAttempt n: Int, random: Double) -> Duration {
        Backoff(initial: initial, factor: factor, max: max, jitter: 1 - jitter...1 + jitter).delay(afterFailures: n, random: random)
    }

    /// The wait after attempt `n` where the server asked for one too: the longer of the two. What the server asks counts up
    /// to `max`; a server may ask for a year.
    package func delay(afterAttempt n: Int, random: Double, requested: Duration?) -> Duration {
        Swift.max(delay(afterAttempt: n, random: random), Swift.min(requested ?? .zero, max))
    }

    /// Whether a step that failed with `code` at `attempt` (from 1) is tried again.
    ///
    /// - Parameter limit: the step's own limit of attempts. It begins as ``maxAttempts``, and an explicit retry raises it.
    package func retries(code: String, attempt: Int, of limit: Int) -> Bool {
        attempt < limit && !nonRetryable.contains(code)
    }
}

extension RetryPolicy {
    init(reading reader: ObjectReader) {
        let defaults = RetryPolicy()
        let initial = reader.duration("initial", zeroAllowed: true) ?? defaults.initial
        let longest = reader.duration("max", zeroAllowed: true) ?? Swift.max(defaults.max, initial)
        if longest < initial { reader.report("must not be shorter than 'initial'", at: "max") }
        self.init(
            maxAttempts: reader.integer("max_attempts", in: 1...100) ?? defaults.maxAttempts,
            initial: initial,
            factor: reader.number("factor", in: 1...100) ?? defaults.factor,
            max: longest,
            jitter: reader.number("jitter", in: 0...1) ?? defaults.jitter,
            nonRetryable: reader.strings("non_retryable", maxCount: 50, maxLength: 100) ?? defaults.nonRetryable)
        reader.refuseUnknownKeys()
    }
}
