import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Workflow

/// How a model call becomes an HTTP request, and how what goes wrong with it becomes a `ProviderError`.
enum OpenAIHTTP {
    /// More of an error's body is not read.
    private static let maximumErrorBytes = 64 << 10

    static func request(for request: ModelRequest, options: OpenAIOptions) throws(ProviderError) -> HTTPClientRequest {
        var http = HTTPClientRequest(url: options.url("/chat/completions"))
        http.method = .POST
        http.headers = try headers(options: options, accept: "text/event-stream, application/json")
        http.headers.add(name: "content-type", value: "application/json")
        http.headers.add(name: "traceparent", value: TraceParent.header(traceID: request.context.traceID))
        let body = OpenAIRequestBody.json(for: request, tokenLimitField: options.tokenLimitField)
        http.body = .bytes(ByteBuffer(bytes: body.utf8))
        return http
    }

    static func headers(options: OpenAIOptions, accept: String) throws(ProviderError) -> HTTPHeaders {
        var headers: HTTPHeaders = ["accept": accept, "user-agent": "pressroom"]
        if let key = options.apiKey {
            guard key.fitsInHeader else {
                throw ProviderError(code: .unauthorized, message: "the API key has characters that no key can have")
            }
            headers.add(name: "authorization", value: "Bearer \(key.secret)")
        }
        return headers
    }

    /// The error that an answer other than 200 stands for.
    static func failure(of response: HTTPClientResponse) async throws -> ProviderError {
        var body: [UInt8] = []
        for try await buffer in response.body {
            body.append(contentsOf: buffer.readableBytesView)
            if body.count > maximumErrorBytes { break }
        }
        try Task.checkCancellation()
        let status = Int(response.status.code)
        if (300..<400).contains(status), let target = response.headers.first(name: "location") {
            return ProviderError(code: .notFound, message: "the server redirects to \(target); is base_url right?")
        }
        return OpenAIFailure(body: body)
            .providerError(status: status, retryAfter: RetryAfter.duration(in: response.headers))
    }

    /// The error that a failed exchange stands for, whatever the HTTP client threw.
    static func providerError(for error: any Error, url: String) -> ProviderError {
        switch error {
        case let error as ProviderError:
            return error
        case is CancellationError:
            return ProviderError(code: .cancelled, message: "the call was cancelled")
        case let error as HTTPClientError where error == .cancelled:
            return ProviderError(code: .cancelled, message: "the call was cancelled")
        case let error as HTTPClientError:
            // Its descriptions may show header values, its short ones do not.
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
