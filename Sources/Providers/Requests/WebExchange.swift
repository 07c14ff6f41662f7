import NIOCore
import NIOHTTP1
import Workflow

/// Writes one request and gathers its answer, up to the size that it may have.
final class WebExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: WebRequest
    private let target: WebTarget
    private let answer: EventLoopPromise<WebResponse>
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var isOver = false

    init(_ request: WebRequest, _ target: WebTarget, _ answer: EventLoopPromise<WebResponse>) {
        self.request = request
        self.target = target
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers = HTTPHeaders([("host", target.authority)])
        for header in request.headers { headers.add(name: header.name, value: header.value) }
        // One encoding and one answer a connection: nothing has to be unpacked, and nothing is left over.
        headers.replaceOrAdd(name: "accept-encoding", value: "identity")
        headers.replaceOrAdd(name: "connection", value: "close")
        if let body = request.body { headers.replaceOrAdd(name: "content-length", value: String(body.count)) }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: target.path, headers: headers)
        let over = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.write(wrapOutboundOut(.head(head))).whenFailure { over.value.fail($0) }
        if let body = request.body { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= request.maxBytes else {
                return end(
                    context, .failure(ProviderError(code: .tooLarge, message: "The answer is longer than \(request.maxBytes) bytes.")))
            }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            end(
                context,
                .success(
                    WebResponse(
                        status: Int(head.status.code), headers: head.headers.map { WebHeader($0.name, $0.value) }, body: body,
                        retryAfter: RetryAfter.duration(in: head.headers))))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, .failure(error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(ProviderError(code: .unavailable, message: "The server closed the connection before its answer was complete."))
        context.fireChannelInactive()
    }

    private func end(_ context: ChannelHandlerContext, _ result: Result<WebResponse, any Error>) {
        guard !isOver else { return }
        isOver = true
        answer.completeWith(result)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        guard !isOver else { return }
        isOver = true
        answer.fail(error)
    }
}
