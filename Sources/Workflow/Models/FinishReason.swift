/// Why a model ended its answer, in the same words for every provider; a word that none of them is stays as the provider
/// wrote it.
package struct FinishReason: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
    package init(stringLiteral value: String) { self.init(rawValue: value) }

    /// The model has said all that it wanted.
    package static let stop: FinishReason = "stop"
    /// The limit of tokens, or the end of the model's context, cut the answer.
    package static let length: FinishReason = "length"
    /// The provider put a long answer off, to be continued by another request.
    package static let pause: FinishReason = "pause"
    /// The model wants to call a tool.
    package static let toolCalls: FinishReason = "tool_calls"

    /// Whether the text is only the beginning of an answer.
    package var isCut: Bool { self == .length || self == .pause }

    package var description: String { rawValue }
}
