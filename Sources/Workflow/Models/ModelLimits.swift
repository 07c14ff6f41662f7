/// The limits of calls to a provider, or to one of its models, over all nodes that share the database.
package struct ModelLimits: Sendable, Hashable {
    /// Calls at a time, above 0; nil for no limit, as with the others.
    package var concurrency: Int?
    /// Calls that begin within a minute, above 0.
    package var requestsPerMinute: Int?
    /// Tokens, read and written, within a minute, above 0.
    package var tokensPerMinute: Int?

    package init(concurrency: Int? = nil, requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil) {
        self.concurrency = concurrency
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
    }

    package var isEmpty: Bool { self == ModelLimits() }

    /// Whether there is a limit per minute.
    package var hasRate: Bool { requestsPerMinute != nil || tokensPerMinute != nil }
}

/// Limits by their scope: a provider's name for all its models together, `provider/model` for one. Both hold.
package typealias ScopedModelLimits = [String: ModelLimits]

extension ScopedModelLimits {
    /// The scopes with limits that a call of the model falls under.
    package func scopes(of model: ModelName) -> [String] {
        [model.provider, model.description].filter { self[$0] != nil }
    }
}

/// The token bucket that keeps a limit per minute: its capacity is a twentieth of the limit (at least 1), and it is filled
/// evenly and slowly enough that no 60 seconds, wherever they begin, let through more than the limit.
///
/// From a full bucket, less than 60 seconds let through less than `burst + 60 · perSecond` = limit + 1.
package struct RateBucket: Sendable, Hashable {
    /// How many minutes' worth of its limit a bucket may owe. What providers report is not trusted with more: one wrong
    /// number would close a provider for years.
    package static let maxDebtMinutes = 5.0

    /// The capacity of the bucket.
    package let burst: Double
    /// Above 0.
    package let perSecond: Double
    /// The level below which the bucket never falls; negative.
    package let lowest: Double

    /// - Parameter limit: above 0; anything else counts as 1.
    package init(perMinute limit: Int) {
        let limit = Double(max(1, limit))
        burst = max(1, limit / 20)
        perSecond = (limit + 1 - burst) / 60
        lowest = -limit * Self.maxDebtMinutes
    }

    /// How long until the bucket has risen from `level` to `wanted`; zero when it is there.
    package func wait(from level: Double, to wanted: Double) -> Duration {
        guard level < wanted else { return .zero }  // also for what is no number
        return .seconds((wanted - max(level, lowest)) / perSecond)
    }
}
