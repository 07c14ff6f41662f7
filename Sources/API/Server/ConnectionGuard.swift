import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import Workflow

/// Stands before the request handlers of a connection: answers what is not HTTP, and does not wait for ever.
///
/// A request that has not sent its body in time gets 408 and its connection is closed, whether it sends nothing or a
/// byte now and then. What cannot be parsed gets 400, or 431 when its header section is too large.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let requestTimeout: TimeAmount
    private let maxBodyBytes: Int
    private var deadline: Scheduled<Void>?
    /// Requests whose head was read and whose response has not ended.
    private var openRequests = 0
    /// Whether a head was read whose end was not.
    private var isReading = false
    private var hasResponseBegun = false
    private var hasFailed = false

    init(_ configuration: APIConfiguration) {
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
        case .head(let head): hasResponseBegun = head.status.kind != .informational
        case .body: break
        case .end:
            openRequests -= 1
            hasResponseBegun = false
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An answer now would belong to an earlier request, which is still worked on.
        let isLate = openRequests > (isReading ? 1 : 0)
        if isLate || hasFailed || error is ChannelError || error is IOError {
            context.fireErrorCaught(error)
        } else if error as? HTTPParserError == .headerOverflow {
            refuse(ProblemError(.headersTooLarge, "The header section is too large."), context)
        } else {
            refuse(ProblemError(.malformed, "The request is not valid HTTP/1.1."), context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopDeadline()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stopDeadline()
        context.fireChannelInactive()
    }

    /// Answers `Expect: 100-continue`, unless the body would be refused anyway (RFC 9110, 10.1.1).
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

    private func stopDeadline() {
        deadline?.cancel()
        deadline = nil
    }

    /// Closes, and answers before if the request that is being read, or was to be, has no answer yet.
    private func refuse(_ problem: ProblemError, _ context: ChannelHandlerContext) {
        hasFailed = true
        guard openRequests == (isReading ? 1 : 0), !hasResponseBegun else {
            context.close(promise: nil)
            return
        }
        let channel = NIOLoopBound(context, eventLoop: context.eventLoop)
        let body = ByteBuffer(bytes: problem.json(instance: "/").utf8)
        let head = HTTPResponse(
            status: problem.status,
            headerFields: [
                .contentType: "application/problem+json", .contentLength: String(body.readableBytes), .connection: "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.value.close(promise: nil) }
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
