import Base
import Foundation
import Workflow

/// What has come of an answer so far, the same for every API; a value that does no input or output.
struct PartialAnswer: Sendable {
    /// The most that a text may have, in bytes: rows and events hold it.
    static let maxTextBytes = 8 << 20

    private var text = ""
    /// The text that no `takePiece` has returned.
    private var piece = ""
    private var halves = HalfCharacters()
    private var thoughts = ThoughtFilter()
    private var end: StopWord?
    var usage = Usage.zero
    /// Parts of the usage, where the provider counts them.
    private(set) var cachedTokens = 0
    private(set) var reasoningTokens = 0
    /// Whether `whole` and `reasoning` are kept.
    var keepsAll = false
    /// All that the model wrote, with thoughts in tags.
    private(set) var whole = ""
    /// Thoughts that the provider sends apart from the text.
    private(set) var reasoning = ""
    /// The reason that the model gave for declining, beside its text.
    var refusal = ""
    /// Whether the texts of the event under way have marks of halves of characters.
    var hasHalves = false
    /// Whether the server has announced the end of the answer.
    var isDone = false
    /// Whether the model has begun to answer, if only with thoughts.
    private(set) var hasBegun = false
    private(set) var model: String?

    /// Whether the answer is complete: a connection that breaks now loses at most the usage.
    var isComplete: Bool { isDone || end != nil }

    mutating func add(_ text: String?) throws(ProviderError) {
        guard let text, !text.isEmpty else { return }
        hasBegun = true
        let joined = halves.join(text, hasHalves: hasHalves)
        if keepsAll { whole += joined }
        try append(thoughts.answer(with: joined))
    }

    /// Takes a piece of thoughts that are no part of the text.
    mutating func add(thought: String?) {
        guard keepsAll, let thought, reasoning.utf8.count < Self.maxTextBytes else { return }
        reasoning += thought
    }

    /// Takes the counts of tokens that came from a cache, and that were thoughts.
    mutating func note(cached: JSON?, reasoning: JSON?) {
        cachedTokens = max(cachedTokens, TokenCount.reading(cached) ?? 0)
        reasoningTokens = max(reasoningTokens, TokenCount.reading(reasoning) ?? 0)
    }

    private mutating func append(_ clear: String) throws(ProviderError) {
        text += clear
        piece += clear
        guard text.utf8.count <= Self.maxTextBytes else {
            throw ProviderError(code: .invalidResponse, message: "the text of the answer is longer than \(Self.maxTextBytes) bytes")
        }
    }

    /// Takes the provider's words for the end.
    mutating func end(_ word: StopWord?) {
        guard let word else { return }
        end = word.worse(end)
    }

    mutating func note(model name: String?) {
        if let name, !name.isEmpty { model = String(name.prefix(200)) }
    }

    /// The text since the last call; nil when there is none.
    mutating func takePiece() -> String? {
        defer { piece = "" }
        return piece.isEmpty ? nil : piece
    }

    /// Takes in what was held back, once no more comes.
    mutating func finish() throws(ProviderError) {
        guard isComplete else { return }
        try append(thoughts.answer(with: halves.flush()) + thoughts.end())
    }

    /// The answer, once it has ended.
    ///
    /// - Throws: `refused`; `unavailable` when the provider failed; `invalid_response` when the answer was cut off on the
    ///   way; `cut_off` when the model reached its limit before any text.
    func response(model requested: String) throws(ProviderError) -> ModelResponse {
        switch end {
        case .failed(let word):
            throw ProviderError(code: .unavailable, message: "the provider broke off its answer: \(word)")
        case .filtered:
            throw ProviderError(code: .refused, message: "the provider's content filter stopped the answer")
        case .refused:
            throw ProviderError(code: .refused, message: "the model refused to answer")
        case .reason, nil:
            break
        }
        guard isComplete else {
            throw ProviderError(code: .invalidResponse, message: "the stream was cut off before the answer was complete")
        }
        guard refusal.isEmpty else {
            throw ProviderError(
                code: .refused, message: "the model refused: \(refusal.prefix(500))", unquoted: "the model refused")
        }
        let reason: FinishReason? = if case .reason(let reason) = end { reason } else { nil }
        if text.utf8.allSatisfy({ $0 <= 0x20 }) { try checkEmpty(reason) }
        return ModelResponse(text: text, usage: usage, finishReason: reason, model: model ?? requested)
    }

    private func checkEmpty(_ reason: FinishReason?) throws(ProviderError) {
        if reason?.isCut == true {
            let counts = usage == .zero ? "" : " (\(usage.promptTokens) tokens read, \(usage.completionTokens) written)"
            throw ProviderError(
                code: .cutOff,
                message: "the model reached its limit before it wrote any text\(counts): "
                    + (thoughts.hasThoughts
                        ? "its thoughts took all of it; raise the agent's max_tokens"
                        : "the prompt fills its context, or the agent's max_tokens is too low"))
        }
        if thoughts.isInThoughts {
            throw ProviderError(code: .invalidResponse, message: "the model wrote thoughts that do not end, and no answer")
        }
    }
}
