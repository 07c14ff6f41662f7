/// How many tokens calls took.
package struct Usage: Sendable, Hashable, Codable {
    package var promptTokens: Int
    package var completionTokens: Int
    package var totalTokens: Int

    package static let zero = Usage(promptTokens: 0, completionTokens: 0)

    /// Without `totalTokens`, the total is the sum of the others.
    package init(promptTokens: Int, completionTokens: Int, totalTokens: Int? = nil) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.totalTokens = totalTokens ?? promptTokens + completionTokens
    }

    package static func + (left: Usage, right: Usage) -> Usage {
        Usage(
            promptTokens: left.promptTokens + right.promptTokens,
            completionTokens: left.completionTokens + right.completionTokens,
            totalTokens: left.totalTokens + right.totalTokens)
    }

    package static func += (left: inout Usage, right: Usage) {
        left = left + right
    }

    private enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case totalTokens = "total_tokens"
    }
}

extension Usage {
    /// The value of a `usage` column.
    package var json: JSON {
        [
            "prompt_tokens": .integer(Int64(promptTokens)), "completion_tokens": .integer(Int64(completionTokens)),
            "total_tokens": .integer(Int64(totalTokens)),
        ]
    }
}
