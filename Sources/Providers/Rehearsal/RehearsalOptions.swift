/// How a rehearsal behaves.
package struct RehearsalOptions: Sendable, Equatable {
    /// Words a second, at least 0; 0 sends the answer without delay.
    package var tokensPerSecond: Double
    /// The time before the first word.
    package var latency: Duration
    /// The share of calls that fail with `unavailable`, 0…1, half of them in the middle of the answer.
    package var failRate: Double

    package init(tokensPerSecond: Double = 400, latency: Duration = .zero, failRate: Double = 0) {
        self.tokensPerSecond = tokensPerSecond
        self.latency = latency
        self.failRate = failRate
    }
}
