import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// What one attempt to connect led to.
enum EventStreamConnection {
    case stream(HTTPClientResponse.Body.AsyncIterator)
    /// 204: the server says that there is nothing more, ever.
    case noContent

    private static let headTimeout = TimeAmount.seconds(30)
    private static let maxErrorBytes = 64 << 10

    /// - Throws: `EventStreamError` for an answer that no reconnect would change; anything else is worth another attempt.
    static func open(_ source: EventSource, lastEventID: String) async throws -> EventStreamConnection {
        let request = try request(source, lastEventID: lastEventID)
        let response: HTTPClientResponse
        do {
            response = try await source.httpClient.execute(request, deadline: .now() + headTimeout)
        } catch let error as HTTPClientError where error.isCallersMistake {
            throw EventStreamError(.unreachable, "\(source.url) is no address to connect to: \(error)")
        }
        switch response.status {
        case .ok: break
        case .noContent: return .noContent
        default:
            let body = (try? await response.body.collect(upTo: maxErrorBytes)).map { Array($0.readableBytesView) }
            throw EventStreamError(
                .badStatus, "the server answered \(response.status.code) instead of a stream",
                status: Int(response.status.code), body: body ?? [])
        }
        let type = response.headers.first(name: "content-type") ?? "no content type"
        let essence = type.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
        guard essence == "text/event-stream" else {
            throw EventStreamError(.badContentType, "the server answered \(type) instead of text/event-stream", status: 200)
        }
        return .stream(response.body.makeAsyncIterator())
    }
}

extension EventStreamConnection {
    private static func request(_ source: EventSource, lastEventID: String) throws(EventStreamError) -> HTTPClientRequest {
        guard ["http://", "https://"].contains(where: source.url.lowercased().hasPrefix) else {
            throw EventStreamError(.unreachable, "\(source.url) does not begin with http:// or https://")
        }
        var request = HTTPClientRequest(url: source.url)
        for (name, value) in source.headers {
            guard value.fitsInHeader else { throw EventStreamError(.unreachable, "the header \(name) has a control character") }
            request.headers.add(name: name, value: value)
        }
        request.headers.replaceOrAdd(name: "accept", value: "text/event-stream")
        request.headers.replaceOrAdd(name: "cache-control", value: "no-store")
        // An id that no header can carry is left out, as an empty one is.
        if !lastEventID.isEmpty, lastEventID.fitsInHeader {
            request.headers.replaceOrAdd(name: "last-event-id", value: lastEventID)
        }
        return request
    }
}

extension String {
    /// Whether no control character keeps the text from being a header's value (RFC 9110, section 5.5).
    var fitsInHeader: Bool {
        utf8.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
    }
}

extension HTTPClientError {
    /// Whether the request itself is at fault, so that it would fail again.
    fileprivate var isCallersMistake: Bool {
        [.invalidURL, .emptyHost, .emptyScheme, .alreadyShutdown].contains(self)
    }
}
