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
    /// The capacity of the bucket.
    package let burst: Double
    package let perSecond: Double

    /// - Parameter limit: above 0.
    package init(perMinute limit: Int) {
        burst = max(1, Double(limit) / 20)
        perSecond = (Double(limit) + 1 - burst) / 60
    }
}
