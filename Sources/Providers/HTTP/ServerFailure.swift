import Base
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import Workflow

/// An error as model servers send it, in a body or in the middle of a stream.
struct ServerFailure {
    private let message: String?
    /// `code` and `type`, in lower case; servers differ in how they use the two.
    private let kinds: [String]
    /// A status given as `code`, as OpenRouter and llama.cpp do.
    private let statusInBody: Int?
    /// How long a model that loads is expected to take, in seconds.
    private let estimatedTime: Double?
    /// The members of the request that the error names.
    private let named: Set<String>

    /// - Parameter error: the value under `error`: an object, or in some servers just a string.
    init(error: JSON?) {
        message = Self.message(of: error)
        kinds = ["code", "type", "status", "error_type"].compactMap { error?[$0]?.string?.lowercased() }
        statusInBody = ["code", "status"].lazy.compactMap { key in error?[key]?.int ?? error?[key]?.string.flatMap { Int($0) } }.first
        estimatedTime = error?["estimated_time"]?.double
        named = Self.members(named: [message, error?["param"]?.string])
    }

    /// Reads the body of a response that is not 2xx, whatever its form.
    init(body: some Sequence<UInt8>) {
        let bytes = Array(body)
        guard let json = try? JSON(repairing: bytes) else {
            self.init(error: .string(String(decoding: bytes.prefix(200), as: UTF8.self)))
            return
        }
        // Google's servers put the error into a list.
        let document = json[0] ?? json
        self.init(error: document["error"]?.object == nil ? document : document["error"])
    }

    /// What a server tells people: a text, an object with one under any of the usual names, or a list of those. FastAPI and
    /// its like say in `loc` where the mistake is.
    private static func message(of json: JSON?, depth: Int = 0) -> String? {
        guard depth < 8 else { return nil }
        switch json {
        case .string(let text):
            return text.isEmpty ? nil : text
        case .array(let elements):
            let texts = elements.prefix(10).compactMap { message(of: $0, depth: depth + 1) }
            return texts.isEmpty ? nil : texts.joined(separator: "; ")
        case .object(let members):
            var texts: [String] = []
            for key in ["title", "error", "message", "msg", "detail", "errors", "reason"] {
                if let text = message(of: members[key], depth: depth + 1), !texts.contains(text) { texts.append(text) }
            }
            guard !texts.isEmpty else { return nil }
            let place = members["loc"]?.array?.prefix(20).compactMap { $0.string ?? $0.int.map(String.init) }.joined(separator: ".")
            return ([place].compactMap(\.self) + texts).joined(separator: ": ")
        default:
            return nil
        }
    }

    private static func members(named texts: [String?]) -> Set<String> {
        let words = Set(
            texts.compactMap(\.self).flatMap { text in
                text.prefix(4_000).lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_") }.map(String.init)
            })
        return Set(OptionalMember.allCases.filter { !words.isDisjoint(with: $0.names) }.map(\.rawValue))
    }

    /// The error of the call.
    ///
    /// - Parameter status: the HTTP status, or nil for an error inside a stream that began well.
    func providerError(status: Int?, retryAfter: Duration? = nil) -> ProviderError {
        let code = code(status: status ?? statusInBody)
        let detail = message.map { String($0.prefix(1_000)) } ?? ""
        let origin = status.map { "the provider answered \($0)" } ?? "the provider broke off its answer"
        var error = ProviderError(
            code: code, message: detail.isEmpty ? origin : "\(origin): \(detail)", unquoted: detail.isEmpty ? nil : origin,
            retryAfter: retryAfter ?? loadingTime(code))
        if code == .invalidRequest, status == 400 || status == 422 { error.refusedMembers = named }
        return error
    }

    /// How long to wait for a model that still loads: with the default of three attempts, a minute in all.
    private func loadingTime(_ code: ProviderError.Code) -> Duration? {
        guard code == .unavailable, message?.lowercased().contains("loading") == true else { return nil }
        guard let estimatedTime, estimatedTime > 1 else { return .seconds(30) }
        return .seconds(min(estimatedTime, 60))
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
    ///
    /// - Parameter received: gets each part of the body.
    static func error(
        of response: HTTPClientResponse, received: (ByteBuffer) -> Void = { _ in }
    ) async throws -> ProviderError {
        var body: [UInt8] = []
        do {
            try checkEncoding(of: response)
            for try await buffer in response.body {
                received(buffer)
                body.append(contentsOf: buffer.readableBytesView)
                if body.count > maxErrorBytes { break }
            }
        } catch {
            // The status counts, also when its body does not arrive or cannot be unpacked.
            body = []
        }
        try Task.checkCancellation()
        let status = Int(response.status.code)
        if (300..<400).contains(status), let target = response.headers.first(name: "location") {
            return ProviderError(
                code: .notFound, message: "the server redirects to \(target); is base_url right?",
                unquoted: "the server redirects; is base_url right?")
        }
        return ServerFailure(body: body)
            .providerError(status: status, retryAfter: RetryAfter.duration(in: response.headers))
    }

    /// - Throws: `invalid_response` when the body is compressed in a way that the client does not unpack. No compression was
    ///   asked for.
    static func checkEncoding(of response: HTTPClientResponse) throws(ProviderError) {
        let encodings = response.headers["content-encoding"].map { $0.lowercased() }
        guard !["", "identity", "gzip", "deflate"].contains(encodings.joined(separator: ", ")) else { return }
        throw ProviderError(
            code: .invalidResponse,
            message: "the server compressed its answer (content-encoding: \(encodings.joined(separator: ", ").prefix(80))), "
                + "which was not asked for and cannot be unpacked")
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
        case is NIOHTTPDecompression.DecompressionError, is NIOHTTPDecompression.ExtraDecompressionError:
            return ProviderError(
                code: .invalidResponse, message: "\(address(url)) compressed its answer unasked, and it cannot be unpacked: \(error)")
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
