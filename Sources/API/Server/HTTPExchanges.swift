import Base
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Reads requests and begins their responses by the routes; shared by the connections of a server.
final class HTTPExchanges: Sendable {
    private let routes: RouterResponder<PressroomRequestContext>
    private let logger: Logger
    private let clock = HTTPDateClock()

    init(_ routes: RouterResponder<PressroomRequestContext>, logger: Logger) {
        self.routes = routes
        self.logger = logger
    }

    /// Reads the next request and begins its response. Skips what is left of the request before.
    /// - Returns: nil at the end of the requests.
    func next(
        _ parts: inout NIOAsyncChannelInboundStream<HTTPRequestPart>.AsyncIterator,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>, on channel: any Channel, isHTTP2: Bool
    ) async throws -> HTTPExchange? {
        while let part = try await parts.next() {
            guard case .head(let head) = part else { continue }
            let body = RequestBody(asyncSequence: RequestBodyParts(parts))
            let request = Request(head: head, body: body)
            let isLast = head.headerFields[.connection]?.lowercased() == "close"
            let response = try await respond(to: request, on: channel, isHTTP2: isHTTP2)
            let writer = ResponseWriter(outbound: outbound)
            guard response.body.contentLength == nil else {
                try await writer.write(response: response.head, body: response.body)
                return HTTPExchange(isLast: isLast, body: nil, writer: nil)
            }
            return HTTPExchange(isLast: isLast, body: response.body, writer: try await writer.writeHead(response.head))
        }
        return nil
    }

    private func respond(to request: Request, on channel: any Channel, isHTTP2: Bool) async throws -> Response {
        var logger = logger
        logger[metadataKey: "request_id"] = .stringConvertible(RequestID())
        var context = PressroomRequestContext(source: .init(channel: channel, logger: logger))
        context.isHTTP2 = isHTTP2
        context.isHTTP10 = !isHTTP2 && request.head.extendedConnectProtocol == HTTP1Codec.oldVersionMark
        var response = try await routes.respond(to: request, context: context)
        response.headers[.date] = clock.now
        response.headers[.server] = "pressroom"
        return response
    }
}

/// A connection, or one stream of it, as the parts of HTTP that go in and out.
typealias HTTPChannel = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

/// A request whose response has begun.
///
/// It holds only what the rest of the response needs: a stream may last for hours, and there are many.
struct HTTPExchange {
    /// Whether the client asked for the connection to be closed afterwards.
    let isLast: Bool
    /// A body whose length is not known in advance; nil when the response is written.
    let body: ResponseBody?
    let writer: (any ResponseBodyWriter)?

    func finish() async throws {
        if let body, let writer { try await body.write(writer) }
    }
}

/// The body of a request, out of the parts that its connection reads. It can be read once, by one task at a time.
struct RequestBodyParts: AsyncSequence, Sendable {
    typealias Parts = NIOAsyncChannelInboundStream<HTTPRequestPart>.AsyncIterator

    /// The connection reads on only when the response has begun, and then from the same place.
    private nonisolated(unsafe) let parts: Parts

    init(_ parts: Parts) {
        self.parts = parts
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(parts: parts)
    }

    struct Iterator: AsyncIteratorProtocol {
        var parts: Parts
        private var isOver = false

        init(parts: Parts) {
            self.parts = parts
        }

        mutating func next() async throws -> ByteBuffer? {
            guard !isOver else { return nil }
            switch try await parts.next() {
            case .body(let bytes): return bytes
            case .end: isOver = true
            // The connection closed before the end, so that the body is incomplete.
            case .head, nil: throw ChannelError.eof
            }
            return nil
        }
    }
}

/// The time as the `date` header has it (RFC 9110, section 5.6.7), written once a second.
final class HTTPDateClock: Sendable {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private let latest = Mutex<(second: Int, text: String)>((-1, ""))

    var now: String { text(at: time(nil)) }

    /// - Parameter second: since 1970.
    func text(at second: Int) -> String {
        latest.withLock { latest in
            if latest.second != second { latest = (second, Self.format(second)) }
            return latest.text
        }
    }

    private static func format(_ second: Int) -> String {
        var (second, parts) = (second, tm())
        gmtime_r(&second, &parts)
        func padded(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        let day = "\(days[Int(parts.tm_wday)]), \(padded(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(1900 + parts.tm_year)"
        return "\(day) \(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec)) GMT"
    }
}
