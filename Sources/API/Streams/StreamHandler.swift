import Broadcast
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypesHTTP2

/// The protocol of a connection, below which the hub's bytes are written.
enum StreamTransport: Sendable {
    case http1, http2
}

/// The output of a stream that stays on the connection of its request: a handler below the HTTP encoder, which writes
/// the hub's shared bytes and sees when the reader leaves or the connection is writable again.
final class StreamHandler: ChannelInboundHandler, RemovableChannelHandler, SubscriberOutput {
    typealias InboundIn = ByteBuffer

    private let transport: StreamTransport
    /// Bytes that the windows of an HTTP/2 stream, or of its connection, hold back.
    private var heldBack = 0
    private var context: ChannelHandlerContext?
    private var subscriber: Subscriber?

    /// A large event over HTTP/2 is written in pieces, so that its progress shows.
    private static let http2Piece = 64 << 10

    private init(_ transport: StreamTransport) {
        self.transport = transport
    }

    /// Puts a handler into a connection's pipeline and makes it the output of a subscriber. On the event loop.
    static func install(
        in channel: any Channel, _ transport: StreamTransport, _ subscribe: (any SubscriberOutput) -> Subscriber
    ) throws -> Subscriber {
        guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
        let pipeline = channel.pipeline.syncOperations
        let encoder: any ChannelHandler =
            switch transport {
            case .http1: try pipeline.handler(type: HTTPResponseEncoder.self)
            case .http2: try pipeline.handler(type: HTTP2FramePayloadToHTTPServerCodec.self)
            }
        let handler = StreamHandler(transport)
        try pipeline.addHandler(handler, position: .before(encoder))
        let subscriber = subscribe(handler)
        handler.subscriber = subscriber
        return subscriber
    }

    /// Takes the handler out of the pipeline.
    static func remove(from channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.flatSubmit {
            do {
                let pipeline = channel.pipeline.syncOperations
                return pipeline.removeHandler(try pipeline.handler(type: StreamHandler.self))
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    var unsentBytes: Int {
        switch transport {
        case .http1: (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        case .http2: heldBack
        }
    }

    var untakenBytes: Int {
        switch transport {
        case .http1: context.map { SocketBytes.untaken(of: $0.channel) } ?? 0
        case .http2: heldBack
        }
    }

    func write(_ bytes: ByteBuffer) {
        guard let context else { return }
        switch transport {
        case .http1: context.writeAndFlush(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
        case .http2:
            var rest = bytes
            while let piece = rest.readSlice(length: min(Self.http2Piece, rest.readableBytes)), piece.readableBytes > 0 {
                let length = piece.readableBytes
                let promise = context.eventLoop.makePromise(of: Void.self)
                heldBack += length
                promise.futureResult.assumeIsolated().whenComplete { _ in self.heldBack -= length }
                context.write(NIOAny(HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(piece)))), promise: promise)
            }
            context.flush()
        }
    }

    func drop() {
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        subscriber?.readerLeft()
        subscriber = nil
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { subscriber?.becameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        subscriber?.readerLeft()
        context.fireChannelInactive()
    }

    /// A client that closes its half of the connection has left: readers of streams send nothing more, but keep their half
    /// open. In HTTP/2 the end of the request closes that half, without an event here.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else { return }
        subscriber?.readerLeft()
        context.close(promise: nil)
    }
}
