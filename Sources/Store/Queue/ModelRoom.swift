package import Workflow

/// How much room a provider or a model has under its limits at a moment.
package struct ModelRoom: Sendable, Hashable {
    package let limits: ModelLimits
    /// Steps that run; nil where their number has no limit.
    package let running: Int?
    /// What is left in the buckets, below zero where more was used; nil without such a limit.
    package let requests: Double?
    package let tokens: Double?
    /// What a call is expected to take.
    package let tokensPerCall: Double

    package init(limits: ModelLimits, running: Int?, requests: Double?, tokens: Double?, tokensPerCall: Double) {
        self.limits = limits
        self.running = running
        self.requests = requests
        self.tokens = tokens
        self.tokensPerCall = tokensPerCall
    }

    /// How many steps may start now.
    package var steps: Int {
        var room = Int.max
        if let limit = limits.concurrency, let running { room = limit - running }
        if let requests { room = min(room, Int(requests)) }
        // A call that takes more than the bucket holds must start some time: what it takes too much is a debt.
        if let tokens { room = min(room, tokens > 0 ? max(1, Int(tokens / tokensPerCall)) : 0) }
        return max(0, room)
    }

    /// How long until a limit per minute lets another step start; zero when none is in the way.
    package var opensIn: Duration {
        var wait = 0.0
        if let limit = limits.requestsPerMinute, let requests, requests < 1 {
            wait = (1 - requests) / RateBucket(perMinute: limit).perSecond
        }
        if let limit = limits.tokensPerMinute, let tokens, tokens <= 0 {
            wait = max(wait, -tokens / RateBucket(perMinute: limit).perSecond)
        }
        return .seconds(wait)
    }
}
