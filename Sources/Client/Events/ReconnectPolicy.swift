import Base

/// How long an `EventSource` waits before it connects again.
///
/// The wait is the server's `retry` (or `initial`), doubled with each failure in a row up to `max`, plus a random part
/// of at most `jitter` of it, so that the readers of a node that went away do not all come back at once.
public struct ReconnectPolicy: Sendable, Hashable {
    /// Used until the server says `retry`.
    public var initial: Duration
    /// The longest wait that doubling leads to; a longer `retry` of the server is kept.
    public var max: Duration
    /// 0…1.
    public var jitter: Double
    /// How many attempts may fail in a row, above 0; nil for no bound.
    public var maxFailures: Int?

    public init(
        initial: Duration = .seconds(1), max: Duration = .seconds(30), jitter: Double = 0.5, maxFailures: Int? = nil
    ) {
        self.initial = initial
        self.max = max
        self.jitter = jitter
        self.maxFailures = maxFailures
    }

    /// The wait after `failures` failures in a row, 0 for a stream that just ended. `random` is 0..<1.
    func delay(failures: Int, serverRetry: Duration?, random: Double) -> Duration {
        let first = serverRetry ?? initial
        let backoff = Backoff(initial: first, max: Swift.max(first, max), jitter: 1...(1 + Swift.max(0, jitter)))
        return backoff.delay(afterFailures: failures, random: random)
    }
}
