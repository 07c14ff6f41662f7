public import AsyncHTTPClient
package import Base
import NIOCore
import NIOHTTP1
import Workflow

/// A stream of server-sent events that reconnects by itself from where it was (WHATWG HTML, section 9.2).
///
/// Iterating connects. A stream that ends or breaks, and a server that cannot be reached, lead to a wait and a new
/// connection with `Last-Event-ID`. A 204 ends the sequence; any other status than 200, and any other content type than
/// `text/event-stream`, make it throw an `EventStreamError`. Nothing is read ahead of the consumer, so a slow one slows
/// the server's writes. How long a connection may be silent is the HTTP client's `timeout.read`.
public struct EventSource: AsyncSequence, Sendable {
    public typealias Element = ServerSentEvent

    /// A wait between two connections.
    public struct Reconnection: Sendable {
        /// The time until the next attempt.
        public let wait: Duration
        /// Attempts that failed in a row; 0 when a stream just ended.
        public let failures: Int
        /// Why the attempt failed; nil when a stream just ended.
        public let reason: String?
    }

    let url: String
    let headers: [(name: String, value: String)]
    let lastEventID: String
    let policy: ReconnectPolicy
    let maxEventBytes: Int
    let httpClient: HTTPClient
    let onReconnect: (@Sendable (Reconnection) -> Void)?

    /// - Parameters:
    ///   - headers: sent with each connection, such as `Authorization`.
    ///   - lastEventID: the id after which the stream starts; empty for the server's default.
    ///   - maxEventBytes: the most bytes of a line and of an event's data, above 0.
    ///   - onReconnect: called before each wait.
    public init(
        url: String, headers: [(name: String, value: String)] = [], lastEventID: String = "",
        policy: ReconnectPolicy = ReconnectPolicy(), maxEventBytes: Int = 16 << 20, httpClient: HTTPClient,
        onReconnect: (@Sendable (Reconnection) -> Void)? = nil
    ) {
        self.url = url
        self.headers = headers
        self.lastEventID = lastEventID
        self.policy = policy
        self.maxEventBytes = maxEventBytes
        self.httpClient = httpClient
        self.onReconnect = onReconnect
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source: self)
    }
}

extension EventSource {
    /// Owns at most one connection at a time.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private enum State {
            case disconnected
            case open(HTTPClientResponse.Body.AsyncIterator)
            case finished
        }

        private let source: EventSource
        private var state = State.disconnected
        private var parser: EventStreamParser
        /// Events that were read and not yet returned, the next one last.
        private var ready: [ServerSentEvent] = []
        private var failures = 0
        private var retry: Duration?
        private var wasOverloaded = false

        init(source: EventSource) {
            self.source = source
            parser = EventStreamParser(lastEventID: source.lastEventID, maxBytes: source.maxEventBytes)
        }

        /// The next event; nil after a 204.
        ///
        /// - Throws: `EventStreamError` when the stream cannot be read on; `CancellationError`. The sequence is over then.
        public mutating func next() async throws -> ServerSentEvent? {
            while true {
                if let event = ready.popLast() { return event }
                do {
                    switch state {
                    case .finished: return nil
                    case .disconnected: try await connect()
                    case .open(let body): try await read(body)
                    }
                } catch {
                    state = .finished
                    throw error
                }
            }
        }

        private mutating func connect() async throws {
            try Task.checkCancellation()
            let attempt: EventStreamConnection
            do {
                attempt = try await EventStreamConnection.open(source, lastEventID: parser.lastEventID)
            } catch let error as EventStreamError {
                throw error
            } catch {
                try Task.checkCancellation()
                failures += 1
                let reason = ConnectionReason.text(error)
                if let bound = source.policy.maxFailures, failures >= bound {
                    throw EventStreamError(.unreachable, "\(source.url) cannot be reached: \(reason)")
                }
                return try await wait(reason: reason)
            }
            switch attempt {
            case .noContent: state = .finished
            case .stream(let body):
                parser = EventStreamParser(lastEventID: parser.lastEventID, maxBytes: source.maxEventBytes)
                wasOverloaded = false
                state = .open(body)
            }
        }

        private mutating func read(_ body: HTTPClientResponse.Body.AsyncIterator) async throws {
            var body = body
            var reason: String?
            do {
                if let bytes = try await body.next() {
                    let events = try parser.append(bytes.readableBytesView).map(ServerSentEvent.init)
                    retry = parser.reconnectionTime ?? retry
                    wasOverloaded = wasOverloaded || events.contains { $0.name == EventType.overloaded.rawValue }
                    ready = events.reversed()
                    state = .open(body)
                    return
                }
            } catch let error as EventStreamParser.TooLong {
                throw EventStreamError(.tooLong, "a line or an event is longer than \(error.limit) bytes")
            } catch {
                reason = ConnectionReason.text(error)
            }
            try Task.checkCancellation()
            state = .disconnected
            failures = wasOverloaded ? failures + 1 : 0
            try await wait(reason: reason)
        }

        private func wait(reason: String?) async throws {
            let wait = source.policy.delay(
                failures: failures, serverRetry: retry, random: .random(in: 0..<1))
            source.onReconnect?(Reconnection(wait: wait, failures: failures, reason: reason))
            try await Task.sleep(for: wait)
        }
    }
}

/// The result of an attempt to connect.
enum EventStreamConnection {
    case stream(HTTPClientResponse.Body.AsyncIterator)
    /// The status 204: the stream has ended for good.
    case noContent

    private static let headTimeout = TimeAmount.seconds(30)
    private static let maxErrorBytes = 64 << 10

    /// - Throws: `EventStreamError` for a response that another attempt would not change; other errors are worth one.
    static func open(_ source: EventSource, lastEventID: String) async throws -> EventStreamConnection {
        let request = try request(source, lastEventID: lastEventID)
        let response: HTTPClientResponse
        do {
            response = try await source.httpClient.execute(request, deadline: .now() + headTimeout)
        } catch let error as HTTPClientError where error.isAboutTheRequest {
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
        // Like an empty id, one that no header can carry is left out.
        if !lastEventID.isEmpty, lastEventID.fitsInHeader {
            request.headers.replaceOrAdd(name: "last-event-id", value: lastEventID)
        }
        return request
    }
}

extension String {
    /// Whether the text can be the value of a header: it has no control character (RFC 9110, section 5.5).
    var fitsInHeader: Bool {
        utf8.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
    }
}

extension HTTPClientError {
    /// Whether the request itself is at fault, so that it would fail again.
    fileprivate var isAboutTheRequest: Bool {
        [.invalidURL, .emptyHost, .emptyScheme, .alreadyShutdown].contains(self)
    }
}

/// One event of a `text/event-stream` (WHATWG HTML, section 9.2).
public struct ServerSentEvent: Sendable, Hashable {
    /// The `event` field; `message` when the server gave none.
    public var name: String
    /// The `data` fields, joined by line feeds.
    public var data: String
    /// The last id that the server sent, with this event or an earlier one; empty before the first.
    ///
    /// From Pressroom this is a cursor. `ownID` tells whether this very event carried it.
    public var lastEventID: String
    /// The `id` field of this event; nil when it had none, as live text has none.
    public var ownID: String?

    public init(name: String = "message", data: String, lastEventID: String = "", ownID: String? = nil) {
        self.name = name
        self.data = data
        self.lastEventID = lastEventID
        self.ownID = ownID
    }

    package init(_ event: EventStreamParser.Event) {
        self.init(
            name: event.name.isEmpty ? "message" : event.name, data: String(decoding: event.data, as: UTF8.self),
            lastEventID: event.lastEventID, ownID: event.id)
    }
}

/// Why a stream cannot continue, even with another connection.
public struct EventStreamError: Error, Sendable, Hashable {
    public enum Code: String, Sendable, Hashable {
        /// A line or an event is longer than the bound.
        case tooLong = "too_long"
        /// The status was neither 200 nor 204.
        case badStatus = "bad_status"
        /// The response was no `text/event-stream`.
        case badContentType = "bad_content_type"
        /// As many attempts failed in a row as the policy allows, or the request cannot be sent.
        case unreachable
    }

    public let code: Code
    /// For people.
    public let message: String
    /// The HTTP status, where one was received.
    public let status: Int?
    /// The body of a bad response, at most 64 KiB; usually problem details.
    public let body: [UInt8]

    init(_ code: Code, _ message: String, status: Int? = nil, body: [UInt8] = []) {
        self.code = code
        self.message = message
        self.status = status
        self.body = body
    }
}

extension EventStreamError: CustomStringConvertible {
    public var description: String { message }
}
