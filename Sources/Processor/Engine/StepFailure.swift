import Workflow

/// Why a step failed, as in `steps.error`.
package struct StepFailure: Error, Sendable, Equatable {
    package let code: String
    package let message: String
    package let isRetryable: Bool
    /// What the server asked to wait before the next attempt.
    package var retryAfter: Duration?
    /// What the run's calls took: an answer that cannot be read was paid for too.
    var usage = Usage.zero

    package init(code: String, message: String, isRetryable: Bool, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
    }

    init(_ error: ProviderError) {
        self.init(
            code: error.code.rawValue, message: error.message, isRetryable: error.isRetryable, retryAfter: error.retryAfter)
    }

    var json: JSON {
        ["code": .string(code), "message": .string(message.replacing("\0", with: "\u{FFFD}")), "retryable": .bool(isRetryable)]
    }
}
