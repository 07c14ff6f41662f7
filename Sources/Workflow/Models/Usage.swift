package import Base

/// A number of tokens, as a provider reports it or as a row holds it: neither is trusted.
package enum TokenCount {
    /// The most that one report counts.
    package static let max = 1_000_000_000_000
    /// Where sums stop: the largest whole number that every reader of JSON keeps (2^53 − 1).
    package static let maxSum = 9_007_199_254_740_991

    /// Reads what is in the place of a number, a number as text too: rounded, 0…`limit`. Nil for everything else: the count
    /// is unknown.
    package static func reading(_ json: JSON?, atMost limit: Int = Self.max) -> Int? {
        let value: Double
        switch json {
        case .integer(let number): return clamped(number < limit ? Int(number) : limit, atMost: limit)
        case .string(let text): value = Double(text) ?? .nan
        default: value = json?.double ?? .nan
        }
        guard !value.isNaN else { return nil }
        return value < Double(limit) ? Int(Swift.max(0, value).rounded()) : limit
    }

    /// The sum, 0…`maxSum`.
    package static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflows) = left.addingReportingOverflow(right)
        return overflows ? (left > 0 ? maxSum : 0) : clamped(sum)
    }

    static func clamped(_ count: Int, atMost limit: Int = Self.maxSum) -> Int { Swift.min(Swift.max(0, count), limit) }
}

/// The tokens of calls, and their cost as far as prices are known. Counts and costs are never negative, and sums saturate.
package struct Usage: Sendable, Hashable {
    package let promptTokens: Int
    package let completionTokens: Int
    package let totalTokens: Int
    /// In the currency of the configured prices; nil when no call's model has a price.
    package var cost: Double?
    /// The models that answered (`provider/model`), sorted, none twice.
    package var models: [String]

    package static let zero = Usage(promptTokens: 0, completionTokens: 0)
    /// Where costs stop.
    private static let maxCost = 1e15

    /// Without `totalTokens`, the total is the sum of the others.
    package init(
        promptTokens: Int, completionTokens: Int, totalTokens: Int? = nil, cost: Double? = nil, models: [String] = []
    ) {
        self.promptTokens = TokenCount.clamped(promptTokens)
        self.completionTokens = TokenCount.clamped(completionTokens)
        self.totalTokens = totalTokens.map { TokenCount.clamped($0) } ?? TokenCount.sum(self.promptTokens, self.completionTokens)
        self.cost = cost.map { $0 > 0 ? min($0, Self.maxCost) : 0 }
        self.models = models
    }

    package static func + (left: Usage, right: Usage) -> Usage {
        let costs = [left.cost, right.cost].compactMap(\.self)
        return Usage(
            promptTokens: TokenCount.sum(left.promptTokens, right.promptTokens),
            completionTokens: TokenCount.sum(left.completionTokens, right.completionTokens),
            totalTokens: TokenCount.sum(left.totalTokens, right.totalTokens),
            // Rounded to billionths, or sums of decimal fractions would end in noise.
            cost: costs.isEmpty ? nil : (costs.reduce(0, +) * 1e9).rounded() / 1e9,
            models: Set(left.models + right.models).sorted())
    }

    package static func += (left: inout Usage, right: Usage) {
        left = left + right
    }
}

extension Usage {
    /// The value of a `usage` column; `cost` and `models` are left out where nothing is known.
    package var json: JSON {
        var members: JSONObject = [
            "prompt_tokens": .integer(Int64(promptTokens)), "completion_tokens": .integer(Int64(completionTokens)),
            "total_tokens": .integer(Int64(totalTokens)),
        ]
        if let cost { members["cost"] = .number(cost) }
        if !models.isEmpty { members["models"] = .array(models.map(JSON.string)) }
        return .object(members)
    }

    /// Reads a `usage` column; what is missing counts as nothing.
    package init(json: JSON) {
        func count(_ key: String) -> Int { TokenCount.reading(json[key], atMost: TokenCount.maxSum) ?? 0 }
        self.init(
            promptTokens: count("prompt_tokens"), completionTokens: count("completion_tokens"),
            totalTokens: count("total_tokens"), cost: json["cost"]?.double,
            models: json["models"]?.array?.compactMap(\.string) ?? [])
    }

    /// Reads the counts that a provider reports for one call; nil where it reports none. A total below the sum of its
    /// parts counts as their sum.
    package init?(reportedPrompt prompt: [JSON?], completion: JSON?, total: JSON? = nil) {
        let prompts = prompt.compactMap { TokenCount.reading($0) }
        let completion = TokenCount.reading(completion)
        let total = TokenCount.reading(total)
        guard !prompts.isEmpty || completion != nil || total != nil else { return nil }
        let parts = Usage(promptTokens: prompts.reduce(0, TokenCount.sum), completionTokens: completion ?? 0)
        self.init(
            promptTokens: parts.promptTokens, completionTokens: parts.completionTokens,
            totalTokens: Swift.max(total ?? 0, parts.totalTokens))
    }
}
