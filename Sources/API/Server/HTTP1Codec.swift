import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Translates between the messages of HTTP/1 and those of the routes. Refuses requests that do not say clearly which host
/// they are for (RFC 9112, 3.2).
///
/// A request of HTTP/1.0 is the last of its connection. Its response names that version, has no chunks, and ends with the
/// connection.
final class HTTP1Codec: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What a request of HTTP/1.0 has as its `:protocol`, which no header line of HTTP/1 can set.
    static let oldVersionMark = "HTTP/1.0"

    private let isSecure: Bool
    /// For each request without a whole response, whether its version is older than HTTP/1.1.
    private var areOld = CircularBuffer<Bool>()
    /// Whether the rest of what comes is ignored.
    private var hasEnded = false

    init(isSecure: Bool) {
        self.isSecure = isSecure
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasEnded else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            do {
                let request = try request(head)
                areOld.append(head.version.isOld)
                context.fireChannelRead(wrapInboundOut(.head(request)))
            } catch {
                hasEnded = true
                context.fireErrorCaught(error)
            }
        case .body(let bytes):
            context.fireChannelRead(wrapInboundOut(.body(bytes)))
        case .end(let trailers):
            if areOld.last == true { hasEnded = true }
            context.fireChannelRead(wrapInboundOut(.end(trailers.map { HTTPFields($0, splitCookie: false) })))
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let response):
            var head = HTTPResponseHead(response)
            if areOld.first == true {
                // HTTP/1.0 has no interim responses.
                if response.status.kind == .informational {
                    promise?.succeed()
                    return
                }
                head.version = .http1_0
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let bytes):
            context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
        case .end(let trailers):
            _ = areOld.popFirst()
            context.write(wrapOutboundOut(.end(trailers.map(HTTPHeaders.init))), promise: promise)
        }
    }

    private func request(_ head: HTTPRequestHead) throws -> HTTPRequest {
        let hosts = head.headers["host"]
        guard hosts.count <= 1 else { throw InvalidHost("The request has more than one Host.") }
        let host = hosts.first.map(Authority.init)
        if case .some(.none) = host { throw InvalidHost("Host is not a host with or without a port.") }
        if hosts.isEmpty, !head.version.isOld { throw InvalidHost("The request has no Host.") }

        var request = try HTTPRequest(head, secure: isSecure, splitCookie: false)
        if let target = head.uri.absoluteTarget {
            guard let named = Authority(target.authority), !named.host.isEmpty else {
                throw InvalidHost("The target of the request does not name a host.")
            }
            if case .some(.some(let host)) = host, !host.isSame(as: named, scheme: target.scheme) {
                throw InvalidHost("The target of the request names another host than Host does.")
            }
            request.authority = target.authority
        }
        if head.version.isOld {
            request.extendedConnectProtocol = Self.oldVersionMark
            // Persistent connections of HTTP/1.0 are an extension that a server need not have (RFC 9112, 9.3).
            request.headerFields[.connection] = "close"
        }
        return request
    }
}

@available(*, unavailable)
extension HTTP1Codec: Sendable {}

/// A request that does not say clearly which host it is for.
struct InvalidHost: Error {
    let detail: String

    init(_ detail: String) {
        self.detail = detail
    }
}

extension HTTPVersion {
    /// Whether it is older than HTTP/1.1.
    fileprivate var isOld: Bool { major < 1 || major == 1 && minor < 1 }
}

extension String {
    /// The scheme and the authority of a request target in absolute form; nil for one in another form.
    fileprivate var absoluteTarget: (scheme: String, authority: String)? {
        guard utf8.first != UInt8(ascii: "/"), let colon = firstRange(of: "://") else { return nil }
        let rest = self[colon.upperBound...]
        return (String(self[..<colon.lowerBound]).lowercased(), String(rest.prefix { !"/?#".contains($0) }))
    }
}
