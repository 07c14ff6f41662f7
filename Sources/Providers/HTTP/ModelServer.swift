package import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Workflow

/// A server behind which models are, as far as all of them are alike.
protocol ModelServer: Sendable {
    /// The address before the endpoints.
    var baseURL: String { get }
    var apiKey: APIKey? { get }
    /// How long the server may be silent before the first piece of text.
    var firstTokenTimeout: Duration { get }
    /// How long the server may be silent in the middle of its answer.
    var stallTimeout: Duration { get }
    /// The most bytes of one response, above 0.
    var maxResponseBytes: Int { get }
    /// The endpoint that lists the models.
    var modelsPath: String { get }
    /// Adds what every request needs besides `accept`; the key is one that fits into a header.
    func identify(in headers: inout HTTPHeaders, key: String?)
}

extension ModelServer {
    /// The address of an endpoint, such as `/models`.
    func url(_ path: String) -> String {
        var base = baseURL[...]
        while base.last == "/" { base.removeLast() }
        return base + path
    }

    func headers(accept: String) throws(ProviderError) -> HTTPHeaders {
        if let apiKey, !apiKey.fitsInHeader {
            throw ProviderError(code: .unauthorized, message: "the API key has characters that no key can have")
        }
        var headers: HTTPHeaders = ["accept": accept, "user-agent": "pressroom"]
        identify(in: &headers, key: apiKey?.secret)
        return headers
    }

    /// The headers of a request for an answer, which continue the trace of the task.
    func callHeaders(_ request: ModelRequest) throws(ProviderError) -> HTTPHeaders {
        var headers = try headers(accept: "text/event-stream, application/json")
        headers.add(name: "content-type", value: "application/json")
        headers.add(name: "traceparent", value: TraceParent.header(traceID: request.context.traceID))
        return headers
    }

    /// The error without the key, which a server may have sent back.
    func redacted(_ error: ProviderError) -> ProviderError {
        guard let apiKey else { return error }
        var error = error
        error.message = apiKey.redacted(from: error.message)
        return error
    }
}

/// The `traceparent` header of a model call (W3C Trace Context, section 3.2).
enum TraceParent {
    /// A header that continues the trace of an execution context with a new span for this attempt.
    ///
    /// A trace id that is not 32 hexadecimal digits (dashes aside) is hashed into some, always the same.
    static func header(traceID: String) -> String {
        var system = SystemRandomNumberGenerator()
        return "00-\(normalized(traceID))-\(hex(UInt64.random(in: 1...UInt64.max, using: &system)))-01"
    }

    static func normalized(_ traceID: String) -> String {
        let digits = traceID.lowercased().filter { $0 != "-" }
        if digits.utf8.count == 32, digits.utf8.allSatisfy(isHexDigit), digits.contains(where: { $0 != "0" }) {
            return digits
        }
        var generator = SeededGenerator(seedingFrom: "trace", traceID)
        // All zeros are forbidden, so the last digits are at least 1.
        return hex(generator.next()) + hex(max(1, generator.next()))
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension HTTPClient.Configuration {
    /// How the client for model calls is set up.
    package static var forModels: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        // An API that redirects a POST is at another address than configured; the key does not follow it there.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        // One call is one attempt: the processor repeats it, and says so in the step's row.
        configuration.connectionPool.retryConnectionEstablishment = false
        // The processor bounds how many calls run; a call that waits for a connection here would run into its timeout.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_024
        configuration.connectionPool.idleTimeout = .seconds(30)
        return configuration
    }
}
