package import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
package import NIOSSL
import Synchronization
package import Workflow

/// Sends the requests of `http` phases, to addresses that the rules permit and to no others.
///
/// The host is looked up once. Every address of it must be permitted, and the connection goes to such an address, not to
/// the name. Redirects are not followed. Each request has its own connection.
package struct GuardedWebClient: WebClient {
    private static let connectTimeout = Duration.seconds(10)

    private let rules: AddressRules
    private let resolver: NameResolver
    private let group: any EventLoopGroup
    private let tls: Result<NIOSSLContext, any Error>

    package init(
        rules: AddressRules, resolver: NameResolver, group: any EventLoopGroup,
        tls configuration: TLSConfiguration = .makeClientConfiguration()
    ) {
        self.rules = rules
        self.resolver = resolver
        self.group = group
        // Once: reading the system's certificates takes long.
        tls = Result { try NIOSSLContext(configuration: configuration) }
    }

    package func send(_ request: WebRequest) async throws(ProviderError) -> WebResponse {
        try await within(request.timeout, "The server took longer than \(request.timeout).") { () throws(ProviderError) in
            try await exchange(request)
        }
    }

    private func exchange(_ request: WebRequest) async throws(ProviderError) -> WebResponse {
        let target = try WebTarget(request.url)
        let addresses = try await resolver.addresses(of: target.host)
        guard !addresses.isEmpty else { throw ProviderError(code: .unavailable, message: "The name \(target.host) has no address.") }
        // All of them: a name with a forbidden address among others may be an attack.
        for address in addresses where !rules.permit(address, host: target.host, port: target.port, for: request.tenantID) {
            throw ProviderError(
                code: .forbiddenAddress,
                message: "\(target.host) is at an address that is not public. To permit it, see requests.allow in the configuration.")
        }
        var failure = ProviderError(code: .unavailable, message: "\(target.host) cannot be reached.")
        for address in addresses {
            do {
                return try await exchange(request, target, address)
            } catch {
                failure = WebFailure.error(of: error, host: target.host)
                guard failure.code == .unavailable, error is NoConnection, !Task.isCancelled else { throw failure }
            }
        }
        throw failure
    }

    private func exchange(_ request: WebRequest, _ target: WebTarget, _ address: IPAddress) async throws -> WebResponse {
        let context = target.isSecure ? try tls.get() : nil
        let loop = group.next()
        let answer = loop.makePromise(of: WebResponse.self)
        let opened = Mutex<(channel: (any Channel)?, isCancelled: Bool)>((nil, false))
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(Int64(min(Self.connectTimeout, request.timeout) / .nanoseconds(1))))
            .channelInitializer { channel in
                let isCancelled = opened.withLock { opened in
                    opened.channel = channel
                    return opened.isCancelled
                }
                return channel.eventLoop.makeCompletedFuture {
                    if isCancelled { throw CancellationError() }
                    if let context {
                        // An address has no server name (RFC 6066, section 3); its certificate is checked for the address.
                        let name = IPAddress(target.host) == nil ? target.host : nil
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    // None is asked for, and some servers compress all the same.
                    try channel.pipeline.syncOperations.addHandler(NIOHTTPResponseDecompressor(limit: .size(request.maxBytes)))
                    try channel.pipeline.syncOperations.addHandler(WebExchange(request, target, answer))
                }
            }
        return try await withTaskCancellationHandler {
            do {
                let place = try SocketAddress(packedIPAddress: ByteBuffer(bytes: address.bytes), port: target.port)
                _ = try await bootstrap.connect(to: place).get()
            } catch {
                answer.fail(error)
                _ = try? await answer.futureResult.get()
                throw NoConnection(cause: error)
            }
            return try await answer.futureResult.get()
        } onCancel: {
            let channel = opened.withLock { opened in
                opened.isCancelled = true
                return opened.channel
            }
            channel?.close(promise: nil)
        }
    }
}

/// The address did not accept a connection; another address of the same name may.
private struct NoConnection: Error {
    let cause: any Error
}

/// Writes one request and collects the response, up to the size that the request permits.
private final class WebExchange: ChannelInboundHandler {
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
        // No encoding to unpack, and one response a connection.
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
                return end(context, .failure(WebFailure.tooLarge(request)))
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
        if error as? NIOHTTPDecompression.DecompressionError == .limit { return end(context, .failure(WebFailure.tooLarge(request))) }
        // A response without a body, as to HEAD, has no compressed one either, whatever its headers say.
        if error as? NIOHTTPDecompression.ExtraDecompressionError == .truncatedData, body.isEmpty { return }
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

/// The failure of an exchange, as a `ProviderError` that shows neither headers nor the URL.
private enum WebFailure {
    static func tooLarge(_ request: WebRequest) -> ProviderError {
        ProviderError(code: .tooLarge, message: "The answer is longer than \(request.maxBytes) bytes.")
    }

    static func error(of error: any Error, host: String) -> ProviderError {
        switch error {
        case let error as ProviderError: error
        case is CancellationError: ProviderError(code: .cancelled, message: "The request was cancelled.")
        case let error as NoConnection:
            ProviderError(code: .unavailable, message: "\(host) takes no connection: \(reason(error.cause)).")
        case HTTPParserError.invalidEOFState:
            ProviderError(code: .unavailable, message: "\(host) closed the connection before its answer was complete.")
        case is HTTPParserError: ProviderError(code: .invalidResponse, message: "\(host) does not speak HTTP.")
        case is NIOHTTPDecompression.DecompressionError, is NIOHTTPDecompression.ExtraDecompressionError:
            ProviderError(code: .invalidResponse, message: "\(host) says that its answer is compressed, and it cannot be unpacked.")
        case let error as NIOSSLError: ProviderError(code: .unavailable, message: "TLS with \(host) failed: \(error).")
        case let error as NIOSSLExtraError: ProviderError(code: .unavailable, message: "TLS with \(host) failed: \(error).")
        case let error as BoringSSLError: ProviderError(code: .unavailable, message: "TLS with \(host) failed: \(error).")
        default: ProviderError(code: .unavailable, message: "\(host) cannot be asked: \(reason(error)).")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: "\(error.description)"
        case is ChannelError: "the connection could not be made in time, or broke"
        default: "\(type(of: error))"
        }
    }
}
