import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Answers requests by the routes: what the connections of a server share.
final class HTTPExchanges: Sendable {
    private let routes: RouterResponder<PressroomRequestContext>
    private let logger: Logger
    private let clock = HTTPDateClock()

    init(_ routes: RouterResponder<PressroomRequestContext>, logger: Logger) {
        self.routes = routes
        self.logger = logger
    }

    /// Reads the next request and begins its response; nil at the end of the requests. What is left of the request
    /// before is passed over.
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
        var response = try await routes.respond(to: request, context: context)
        response.headers[.date] = clock.now
        response.headers[.server] = "pressroom"
        return response
    }
}
