/// Why a model, or the server of an `http` phase, gave no usable answer.
package struct ProviderError: Error, Sendable, Hashable {
    /// The kind of failure; decide by it, never by the message.
    package struct Code: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }
        package var description: String { rawValue }

        /// The provider asks for fewer requests.
        package static let rateLimited = Code(rawValue: "rate_limited")
        /// The provider cannot be reached, or failed on its side.
        package static let unavailable = Code(rawValue: "unavailable")
        /// The whole call took longer than it may.
        package static let timeout = Code(rawValue: "timeout")
        /// The answer stopped arriving before its end.
        package static let stalled = Code(rawValue: "stalled")
        /// The conversation does not fit the model.
        package static let contextLengthExceeded = Code(rawValue: "context_length_exceeded")
        /// The model reached its limit of tokens before it wrote any text.
        package static let cutOff = Code(rawValue: "cut_off")
        /// The model, or the provider's filter, declined to answer.
        package static let refused = Code(rawValue: "refused")
        /// The provider does not accept the request.
        package static let invalidRequest = Code(rawValue: "invalid_request")
        /// The key is missing or wrong.
        package static let unauthorized = Code(rawValue: "unauthorized")
        /// The provider does not know the model.
        package static let notFound = Code(rawValue: "not_found")
        /// The answer cannot be read; nothing is made up in its place.
        package static let invalidResponse = Code(rawValue: "invalid_response")
        /// The caller cancelled the call.
        package static let cancelled = Code(rawValue: "cancelled")
        /// The account's credit is used up: unlike `rate_limited`, waiting does not help.
        package static let quotaExceeded = Code(rawValue: "quota_exceeded")
        /// No provider of that name is configured.
        package static let unknownModel = Code(rawValue: "unknown_model")
        /// The service may not connect to the address of an `http` phase.
        package static let forbiddenAddress = Code(rawValue: "forbidden_address")
        /// The response to an `http` phase is longer than its `max_bytes`.
        package static let tooLarge = Code(rawValue: "too_large")
        /// The response to an `http` phase has a status that the phase does not expect.
        package static let httpStatus = Code(rawValue: "http_status")
    }

    package var code: Code
    package var message: String
    /// The message without the words of a model or a server that it quotes, and without a full stop; nil where it quotes none.
    package var unquoted: String?
    /// How long the provider asks to wait; nil when it did not.
    package var retryAfter: Duration?
    /// The members of the request that the provider does not accept, where it names them.
    package var refusedMembers: Set<String> = []
    /// Whether the same call is to be tried again, where the code alone does not say so.
    package var mayRetry: Bool?

    package init(code: Code, message: String, unquoted: String? = nil, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.unquoted = unquoted
        self.retryAfter = retryAfter
    }

    /// Whether the same call can succeed later.
    package var isRetryable: Bool {
        if let mayRetry { return mayRetry }
        return switch code {
        case .rateLimited, .unavailable, .timeout, .stalled, .invalidResponse: true
        default: false
        }
    }
}

extension ProviderError {
    /// The error as rows and log lines may show it: where nothing of a call is kept, its words are quoted nowhere.
    package func shown(under capture: CallCapture) -> ProviderError {
        guard capture == .none, let unquoted else { return self }
        var error = self
        error.message = "\(unquoted); the words are left out, as capture is none"
        error.unquoted = nil
        return error
    }

    /// The error with its texts changed, such as by removing secrets.
    package func redacted(by redact: (String) -> String) -> ProviderError {
        var error = self
        error.message = redact(message)
        error.unquoted = unquoted.map(redact)
        return error
    }
}

extension ProviderError: CustomStringConvertible {
    package var description: String { "\(code): \(message)" }
}
