import Workflow

/// An error object as model servers send it, in a body or in the middle of a stream.
struct ServerFailure {
    private let message: String?
    /// `code` and `type`, in lower case; servers disagree about which says what.
    private let kinds: [String]
    /// A status given as `code`, as OpenRouter and llama.cpp do.
    private let statusInBody: Int?

    /// - Parameter error: the value under `error`: an object, or in some servers just a string.
    init(error: JSON?) {
        message = error?["message"]?.string ?? error?.string ?? error?["error"]?.string
        kinds = [error?["code"]?.string, error?["type"]?.string].compactMap { $0?.lowercased() }
        statusInBody = error?["code"]?.int ?? error?["status"]?.int
    }

    /// Reads the body of an answer that is not 2xx; any body will do.
    init(body: some Sequence<UInt8>) {
        let bytes = Array(body)
        if let json = try? JSON(parsing: bytes) {
            self.init(error: json["error"] ?? json["detail"] ?? json)
        } else {
            self.init(error: .string(String(decoding: bytes.prefix(200), as: UTF8.self)))
        }
    }

    /// The error that it stands for.
    ///
    /// - Parameter status: the HTTP status, or nil for an error inside a stream that began well.
    func providerError(status: Int?, retryAfter: Duration? = nil) -> ProviderError {
        let code = code(status: status ?? statusInBody)
        let detail = message.map { String($0.prefix(1_000)) } ?? ""
        let origin = status.map { "the provider answered \($0)" } ?? "the provider broke off its answer"
        return ProviderError(
            code: code, message: detail.isEmpty ? origin : "\(origin): \(detail)", retryAfter: retryAfter)
    }

    private func code(status: Int?) -> ProviderError.Code {
        if isAbout("context_length", "context_size", "context_window") { return .contextLengthExceeded }
        if isAbout("content_filter", "content_policy", "responsibleaipolicy") { return .refused }
        if isAbout("insufficient_quota", "billing_error") || saysCreditIsUsedUp { return .quotaExceeded }
        switch status {
        case 400?, 422?:
            // Servers without codes of their own say it only in words.
            return saysContextIsTooSmall ? .contextLengthExceeded : .invalidRequest
        case 401?, 403?: return .unauthorized
        case 402?: return .quotaExceeded
        case 404?, 405?: return .notFound
        case 408?: return .timeout
        case 409?, 425?: return .unavailable
        case 429?: return .rateLimited
        case .some(300..<400): return .notFound
        case .some(400..<500): return .invalidRequest
        case .some(500...): return .unavailable
        default: break
        }
        if isAbout("rate_limit") { return .rateLimited }
        if isAbout("invalid_request") { return .invalidRequest }
        if isAbout("authentication", "permission") { return .unauthorized }
        if isAbout("not_found") { return .notFound }
        return .unavailable
    }

    private func isAbout(_ words: String...) -> Bool {
        kinds.contains { kind in words.contains { kind.contains($0) } }
    }

    private var saysContextIsTooSmall: Bool {
        let message = message?.lowercased() ?? ""
        return ["context length", "context size", "context window", "context limit", "maximum context", "prompt is too long"]
            .contains { message.contains($0) }
    }

    private var saysCreditIsUsedUp: Bool {
        message?.lowercased().contains("credit balance is too low") == true
    }
}
