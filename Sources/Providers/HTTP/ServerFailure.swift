import Base
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Workflow

/// An error object as model servers send it, in a body or in the middle of a stream.
struct ServerFailure {
    private let message: String?
    /// `code` and `type`, in lower case; servers differ in how they use the two.
    private let kinds: [String]
    /// A status given as `code`, as OpenRouter and llama.cpp do.
    private let statusInBody: Int?

    /// - Parameter error: the value under `error`: an object, or in some servers just a string.
    init(error: JSON?) {
        message = error?["message"]?.string ?? error?.string ?? error?["error"]?.string
        kinds = [error?["code"]?.string, error?["type"]?.string].compactMap { $0?.lowercased() }
        statusInBody = error?["code"]?.int ?? error?["status"]?.int
    }

    /// Reads the body of a response that is not 2xx, whatever its form.
    init(body: some Sequence<UInt8>) {
        let bytes = Array(body)
        if let json = try? JSON(parsing: bytes) {
            self.init(error: json["error"] ?? json["detail"] ?? json)
        } else {
            self.init(error: .string(String(decoding: bytes.prefix(200), as: UTF8.self)))
        }
    }

    /// The error of the call.
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
            // Some servers have no code for it, only a message.
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

// MARK: From HTTP
extension ServerFailure {
    /// The part of an error's body that is read.
    private static let maxErrorBytes = 64 << 10

    /// The error of a response whose status is not 200.
    static func error(of response: HTTPClientResponse) async throws -> ProviderError {
        var body: [UInt8] = []
        for try await buffer in response.body {
            body.append(contentsOf: buffer.readableBytesView)
            if body.count > maxErrorBytes { break }
        }
        try Task.checkCancellation()
        let status = Int(response.status.code)
        if (300..<400).contains(status), let target = response.headers.first(name: "location") {
            return ProviderError(code: .notFound, message: "the server redirects to \(target); is base_url right?")
        }
        return ServerFailure(body: body)
            .providerError(status: status, retryAfter: RetryAfter.duration(in: response.headers))
    }

    /// The error of a failed exchange, from any error of the HTTP client.
    static func error(for error: any Error, url: String) -> ProviderError {
        switch error {
        case let error as ProviderError:
            return error
        case is CancellationError:
            return ProviderError(code: .cancelled, message: "the call was cancelled")
        case let error as HTTPClientError where error == .cancelled:
            return ProviderError(code: .cancelled, message: "the call was cancelled")
        case let error as HTTPClientError:
            // A description may contain values of headers, a short one does not.
            return ProviderError(
                code: isAboutURL(error) ? .invalidRequest : .unavailable,
                message: "\(address(url)): \(error.shortDescription)")
        case is HTTPParserError:
            return ProviderError(code: .invalidResponse, message: "\(address(url)) does not speak HTTP: \(error)")
        default:
            return ProviderError(code: .unavailable, message: "cannot reach \(address(url)): \(error)")
        }
    }

    private static func isAboutURL(_ error: HTTPClientError) -> Bool {
        switch error {
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath: true
        default: error.shortDescription.contains("scheme")
        }
    }

    /// The URL without user, password and query, which may be secret.
    private static func address(_ url: String) -> String {
        let withoutQuery = url.prefix { $0 != "?" }
        guard let at = withoutQuery.firstIndex(of: "@"), let slashes = withoutQuery.firstRange(of: "//") else {
            return String(withoutQuery)
        }
        return String(withoutQuery[..<slashes.upperBound] + withoutQuery[withoutQuery.index(after: at)...])
    }
}
