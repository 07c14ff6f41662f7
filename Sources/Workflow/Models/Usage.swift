package import Base

/// The tokens of calls, and their cost as far as prices are known.
package struct Usage: Sendable, Hashable {
    package var promptTokens: Int
    package var completionTokens: Int
    package var totalTokens: Int
    /// In the currency of the configured prices; nil when no call's model has a price.
    package var cost: Double?
    /// The models that answered (`provider/model`), sorted, none twice.
    package var models: [String]

    package static let zero = Usage(promptTokens: 0, completionTokens: 0)

    /// Without `totalTokens`, the total is the sum of the others.
    package init(
        promptTokens: Int, completionTokens: Int, totalTokens: Int? = nil, cost: Double? = nil, models: [String] = []
    ) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.totalTokens = totalTokens ?? promptTokens + completionTokens
        self.cost = cost
        self.models = models
    }

    package static func + (left: Usage, right: Usage) -> Usage {
        let costs = [left.cost, right.cost].compactMap(\.self)
        return Usage(
            promptTokens: left.promptTokens + right.promptTokens,
            completionTokens: left.completionTokens + right.completionTokens,
            totalTokens: left.totalTokens + right.totalTokens,
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
        self.init(
            promptTokens: json["prompt_tokens"]?.int ?? 0, completionTokens: json["completion_tokens"]?.int ?? 0,
            totalTokens: json["total_tokens"]?.int ?? 0, cost: json["cost"]?.double,
            models: json["models"]?.array?.compactMap(\.string) ?? [])
    }
}
