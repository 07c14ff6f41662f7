import Workflow

/// What a provider's word for the end of an answer means.
enum StopWord: Sendable, Hashable {
    case reason(FinishReason)
    /// The provider's filter stopped the answer.
    case filtered
    /// The model declined.
    case refused
    /// The provider failed in the middle: the text is half of an answer.
    case failed(String)

    private static let words: [String: StopWord] = {
        var words: [String: StopWord] = [:]
        for word in ["stop", "end_turn", "stop_sequence", "eos", "eos_token", "end", "complete", "completed", "finish_reason_stop"] {
            words[word] = .reason(.stop)
        }
        for word in [
            "length", "max_tokens", "max_output_tokens", "max_completion_tokens", "max_length", "token_limit", "model_length",
            "model_context_window_exceeded", "context_length_exceeded", "incomplete", "truncated", "finish_reason_max_tokens",
        ] { words[word] = .reason(.length) }
        words["pause_turn"] = .reason(.pause)
        for word in ["tool_calls", "tool_use", "function_call", "tool_call"] { words[word] = .reason(.toolCalls) }
        for word in ["content_filter", "content_filtered", "safety", "recitation", "blocklist", "prohibited_content", "spii", "sensitive"] {
            words[word] = .filtered
        }
        words["refusal"] = .refused
        for word in [
            "error", "network_error", "server_error", "engine_error", "internal_error", "failed", "failure", "abort", "aborted",
            "cancelled", "canceled", "timeout", "insufficient_system_resource", "malformed_function_call", "malformed_response",
        ] { words[word] = .failed(word) }
        return words
    }()

    /// Nil for what is no reason: no text, an empty one, and a null that became a text.
    init?(_ word: String?) {
        let word = (word ?? "").lowercased().filter { !$0.isWhitespace }
        guard !["", "null", "none", "undefined"].contains(word) else { return nil }
        if let known = Self.words[word] {
            self = known
        } else {
            let plain = word.prefix(40).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
            self = .reason(FinishReason(rawValue: String(plain)))
        }
    }

    /// Whether the text is not all of an answer.
    var isBad: Bool { weight > 1 }

    /// Of two words for the end of one answer the worse one counts.
    func worse(_ other: StopWord?) -> StopWord {
        guard let other else { return self }
        return other.weight > weight ? other : self
    }

    private var weight: Int {
        switch self {
        case .failed: 4
        case .refused, .filtered: 3
        case .reason(let reason): reason.isCut ? 2 : reason == .stop ? 0 : 1
        }
    }
}
