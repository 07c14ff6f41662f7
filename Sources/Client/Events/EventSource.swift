public import AsyncHTTPClient

/// A stream of server-sent events that reconnects by itself from where it was (WHATWG HTML, section 9.2).
///
/// Iterating connects. A stream that ends or breaks, and a server that cannot be reached, lead to a wait and a new
/// connection with `Last-Event-ID`. A 204 ends the sequence; any other status than 200, and any other content type than
/// `text/event-stream`, make it throw an `EventStreamError`. Nothing is read ahead of the consumer, so a slow one slows
/// the server's writes. How long a connection may be silent is the HTTP client's `timeout.read`.
public struct EventSource: AsyncSequence, Sendable {
    public typealias Element = ServerSentEvent

    /// What happens between two connections.
    public struct Reconnection: Sendable {
        /// Until the next attempt.
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
    ///   - lastEventID: where to start; empty for where the server starts by itself.
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
