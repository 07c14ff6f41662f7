import Broadcast
import NIOCore
import NIOHTTP1

/// Stands next to the socket while a connection streams: writes the hub's bytes below the HTTP encoder, so that all
/// connections share them, and sees at once when the reader leaves or can take more.
final class StreamHandler: ChannelInboundHandler, RemovableChannelHandler, SubscriberOutput {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    private var context: ChannelHandlerContext?
    private var subscriber: Subscriber?

    /// Puts a handler into a connection's pipeline and makes it the output of a subscriber. On the event loop.
    static func install(in channel: any Channel, for box: SubscriberBox) throws {
        guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
        let pipeline = channel.pipeline.syncOperations
        let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
        let handler = StreamHandler()
        try pipeline.addHandler(handler, position: .before(encoder))
        handler.subscriber = box.connect(handler)
    }

    /// Leaves the pipeline as it was.
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
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func write(_ bytes: ByteBuffer) {
        context?.writeAndFlush(Self.wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
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

    /// Who closes its half has left: readers of streams have nothing more to say, but keep their half open.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else { return }
        subscriber?.readerLeft()
        context.close(promise: nil)
    }
}
