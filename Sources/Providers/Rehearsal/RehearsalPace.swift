import Workflow

/// When each word of one answer is due.
struct RehearsalPace {
    private let clock = ContinuousClock()
    private let firstWord: ContinuousClock.Instant
    private let end: ContinuousClock.Instant
    private let secondsPerWord: Double
    private let timeout: Duration

    init(options: RehearsalOptions, timeout: Duration) {
        let now = clock.now
        firstWord = now.advanced(by: options.latency)
        end = now.advanced(by: timeout)
        secondsPerWord = options.tokensPerSecond > 0 ? 1 / options.tokensPerSecond : 0
        self.timeout = timeout
    }

    func waitForFirstWord() async throws(ProviderError) {
        try await wait(until: firstWord)
    }

    /// Counted from the start, so that a late word does not delay the others.
    func wait(forWord index: Int) async throws(ProviderError) {
        try await wait(until: firstWord.advanced(by: .seconds(Double(index) * secondsPerWord)))
    }

    private func wait(until instant: ContinuousClock.Instant) async throws(ProviderError) {
        do {
            try Task.checkCancellation()
            if instant > clock.now { try await Task.sleep(until: min(instant, end), clock: clock) }
        } catch {
            throw ProviderError(code: .cancelled, message: "the call was cancelled")
        }
        guard clock.now < end else {
            throw ProviderError(code: .timeout, message: "the rehearsal took longer than \(timeout)")
        }
    }
}
