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
