import Base
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOSSL
import Workflow

/// Guards a connection, or a stream of HTTP/2, against requests that are not HTTP and clients that let it wait for ever.
///
/// A request whose body does not arrive in time gets 408 and its connection is closed, whether it sends nothing or a
/// byte now and then. A request that cannot be parsed gets 400, or 431 when its header section is too large. A client
/// that does not take its response holds a stream of HTTP/2 but not the connection, which TCP watches: the stream is
/// reset after ten times as long.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let requestTimeout: TimeAmount
    private let maxBodyBytes: Int
    private let isHTTP2: Bool
    /// When a response in HTTP/2 must be taken.
    private var responseDeadline: Scheduled<Void>?
    /// When the body of the request must have arrived.
    private var deadline: Scheduled<Void>?
    /// How many requests have been read whose response has not ended.
    private var openRequests = 0
    /// Whether a request has been read in part.
    private var isReading = false
    private var hasResponseBegun = false
    private var hasFailed = false

    init(_ configuration: APIConfiguration, isHTTP2: Bool) {
        self.isHTTP2 = isHTTP2
        requestTimeout = TimeAmount(configuration.requestTimeout)
        maxBodyBytes = configuration.maxBodyBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            openRequests += 1
            isReading = true
            startDeadline(context)
            if openRequests == 1 { invite(head, context) }
        case .body: break
        case .end:
            isReading = false
            stopDeadline()
        }
        if !hasFailed { context.fireChannelRead(data) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if hasFailed {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head):
            hasResponseBegun = head.status.kind != .informational
            // How long an event stream may stay unread is the hub's decision.
            if hasResponseBegun, head.headerFields[.contentType] != "text/event-stream" { startResponseDeadline(context) }
        case .body: break
        case .end:
            openRequests -= 1
            hasResponseBegun = false
            startResponseDeadline(context)
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A response now would belong to an earlier request, which is still in progress.
        let isLate = openRequests > (isReading ? 1 : 0)
        if isLate || hasFailed || Self.isOfTheConnection(error) {
            context.fireErrorCaught(error)
        } else if let error = error as? InvalidHost {
            refuse(ProblemError(.malformed, error.detail), context)
        } else if error as? HTTPParserError == .headerOverflow {
            refuse(ProblemError(.headersTooLarge, "The header section is too large."), context)
        } else {
            refuse(ProblemError(.malformed, "The request is not valid HTTP/1.1."), context)
        }
    }

    private static func isOfTheConnection(_ error: any Error) -> Bool {
        error is ChannelError || error is IOError || error is NIOSSLError || error is BoringSSLError
            || error is any NIOHTTP2Error
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopDeadline()
        responseDeadline?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stopDeadline()
        responseDeadline?.cancel()
        context.fireChannelInactive()
    }

    /// Responds to `Expect: 100-continue`, unless the body would be refused anyway (RFC 9110, 10.1.1).
    private func invite(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return }
        if let length = head.headerFields[.contentLength].flatMap({ Int($0) }), length > maxBodyBytes { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func startDeadline(_ context: ChannelHandlerContext) {
        stopDeadline()
        let bound = NIOLoopBound((guard: self, context: context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: requestTimeout) {
            let (handler, context) = bound.value
            handler.deadline = nil
            handler.refuse(ProblemError(.timeout, "The body did not come in time."), context)
        }
    }

    private func startResponseDeadline(_ context: ChannelHandlerContext) {
        guard isHTTP2 else { return }
        responseDeadline?.cancel()
        let channel = context.channel
        responseDeadline = context.eventLoop.scheduleTask(in: requestTimeout * 10) { channel.close(promise: nil) }
    }

    private func stopDeadline() {
        deadline?.cancel()
        deadline = nil
    }

    /// Closes the connection, after a problem if the request that is being read, or was to be, has no response yet.
    private func refuse(_ problem: ProblemError, _ context: ChannelHandlerContext) {
        hasFailed = true
        guard openRequests == (isReading ? 1 : 0), !hasResponseBegun else {
            context.close(promise: nil)
            return
        }
        let channel = NIOLoopBound(context, eventLoop: context.eventLoop)
        let body = ByteBuffer(bytes: problem.json(instance: "/").utf8)
        var head = HTTPResponse(
            status: problem.status,
            headerFields: [.contentType: "application/problem+json", .contentLength: String(body.readableBytes)])
        if !isHTTP2 { head.headerFields[.connection] = "close" }
        startResponseDeadline(context)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.value.close(promise: nil) }
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
