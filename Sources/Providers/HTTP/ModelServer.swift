import Base
package import AsyncHTTPClient
import Base
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import Workflow

/// A server of models: how it is reached, which API it has, and how long it may be silent.
struct ModelServer: Sendable {
    let dialect: any ModelDialect
    /// The address before the paths of the API, such as `https://api.openai.com/v1`.
    let baseURL: String
    var apiKey: APIKey?
    /// How long the server may be silent before the first piece of text: a long prompt, or a model that thinks.
    var firstTokenTimeout = Duration.seconds(120)
    /// How long the server may be silent in the middle of its answer.
    var stallTimeout = Duration.seconds(30)
    /// The most bytes of one response, above 0.
    var maxResponseBytes = ProviderConfiguration.defaultMaxBytes
    /// What the configuration leaves out of requests.
    var omitted: Set<OptionalMember> = []

    init(_ dialect: any ModelDialect, baseURL: String, apiKey: APIKey? = nil) {
        self.dialect = dialect
        self.baseURL = baseURL
        self.apiKey = apiKey
    }

    /// - Throws: `invalid_request` without a usable `base_url`, `unauthorized` when the key's variable is not set.
    init(
        _ dialect: any ModelDialect, _ configuration: ProviderConfiguration, environment: [String: String]
    ) throws(ProviderError) {
        self.init(
            dialect, baseURL: try configuration.usableBaseURL(otherwise: dialect.defaultBaseURL),
            apiKey: try configuration.usableKey(environment))
        firstTokenTimeout = configuration.firstTokenTimeout
        stallTimeout = configuration.stallTimeout
        maxResponseBytes = configuration.maxBytes
        omitted = configuration.omitted
    }

    /// The address of a path of the API.
    func url(_ path: String) -> String {
        var base = baseURL[...]
        while base.last == "/" { base.removeLast() }
        return base + path
    }

    /// The headers of every request.
    func headers(accept: String) throws(ProviderError) -> HTTPHeaders {
        if let apiKey, !apiKey.fitsInHeader {
            throw ProviderError(code: .unauthorized, message: "the API key has characters that no key can have")
        }
        // Compression would hold the pieces of a stream back. What a server compresses all the same is unpacked.
        var headers: HTTPHeaders = ["accept": accept, "accept-encoding": "identity", "user-agent": "pressroom"]
        dialect.authorize(&headers, key: apiKey?.secret)
        return headers
    }

    /// A request for an answer, which continues the trace of the task.
    func call(_ request: ModelRequest, _ body: [UInt8], spanID: String) throws(ProviderError) -> HTTPClientRequest {
        var http = HTTPClientRequest(url: url(dialect.callPath))
        http.method = .POST
        http.headers = try headers(accept: "text/event-stream, application/json")
        http.headers.add(name: "content-type", value: "application/json")
        http.headers.add(name: "traceparent", value: TraceParent.header(traceID: request.context.traceID, spanID: spanID))
        http.body = .bytes(ByteBuffer(bytes: body))
        return http
    }

    /// The error without the key, which a server may have repeated.
    func redacted(_ error: ProviderError) -> ProviderError {
        guard let apiKey else { return error }
        return error.redacted { apiKey.redacted(from: $0) }
    }
}

/// The `traceparent` header of a model call (W3C Trace Context, section 3.2).
enum TraceParent {
    /// A header that continues the trace of an execution context with a new span for this attempt.
    ///
    /// A trace id that is not 32 hexadecimal digits (dashes aside) is replaced by a stable hash of it.
    static func header(traceID: String, spanID: String = newSpanID()) -> String {
        "00-\(normalized(traceID))-\(spanID)-01"
    }

    static func newSpanID() -> String {
        var system = SystemRandomNumberGenerator()
        return UInt64.random(in: 1...UInt64.max, using: &system).padded(to: 16, radix: 16)
    }

    static func normalized(_ traceID: String) -> String {
        let digits = traceID.lowercased().filter { $0 != "-" }
        if digits.utf8.count == 32, digits.utf8.allSatisfy(isHexDigit), digits.contains(where: { $0 != "0" }) {
            return digits
        }
        var generator = SeededGenerator(seedingFrom: "trace", traceID)
        // All zeros are forbidden.
        return generator.next().padded(to: 16, radix: 16) + max(1, generator.next()).padded(to: 16, radix: 16)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

extension HTTPClient.Configuration {
    /// The settings of the client for model calls.
    package static var forModels: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        // An API that redirects a POST is at another address than configured; the key does not follow it there.
        configuration.redirectConfiguration = .disallow
        // What a server compresses unasked; the limit is against a few bytes that become gigabytes.
        configuration.decompression = .enabled(limit: .size(64 << 20))
        configuration.timeout.connect = .seconds(10)
        // One call is one attempt: the processor repeats it, and the step's row shows that.
        configuration.connectionPool.retryConnectionEstablishment = false
        // The processor bounds how many calls run; a call that waits for a connection here would run into its timeout.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_024
        configuration.connectionPool.idleTimeout = .seconds(30)
        return configuration
    }
}
