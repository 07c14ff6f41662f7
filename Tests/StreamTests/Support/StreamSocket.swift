import NIOCore
import NIOPosix

/// A TCP connection from which a reader takes bytes only when it asks for some, so that it can be as slow as it likes.
final class StreamSocket: Sendable {
    private let channel: any Channel
    private let inbox: NIOLoopBound<Inbox>

    /// - Parameters:
    ///   - receiveBuffer: bytes that the system keeps unread.
    ///   - pieces: the most bytes that one `next` answers.
    static func connect(port: Int, receiveBuffer: Int = 4096, pieces: Int = 65_536) async throws -> StreamSocket {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: pieces))
            .channelOption(.socketOption(.so_rcvbuf), value: receiveBuffer)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Inbox()) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let inbox = try await channel.eventLoop.submit {
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: Inbox.self), eventLoop: channel.eventLoop)
        }.get()
        return StreamSocket(channel: channel, inbox: inbox)
    }

    private init(channel: any Channel, inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text))
    }

    /// What has arrived, as soon as there is anything; nil once the other side has ended, or this one was cancelled.
    func next() async -> [UInt8]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                channel.eventLoop.execute { [inbox] in inbox.value.take(continuation) }
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    func close() {
        channel.close(promise: nil)
    }

    /// Everything on the connection's event loop.
    private final class Inbox: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private var context: ChannelHandlerContext?
        private var bytes: [UInt8] = []
        private var isOver = false
        private var waiter: CheckedContinuation<[UInt8]?, Never>?

        func take(_ continuation: CheckedContinuation<[UInt8]?, Never>) {
            waiter = continuation
            answer()
            if waiter != nil { context?.read() }
        }

        private func answer() {
            guard let waiter, isOver || !bytes.isEmpty else { return }
            self.waiter = nil
            waiter.resume(returning: bytes.isEmpty ? nil : bytes)
            bytes = []
        }

        func handlerAdded(context: ChannelHandlerContext) {
            self.context = context
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            self.context = nil
            end()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += Array(unwrapInboundIn(data).readableBytesView)
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            answer()
            // What was read may have been nothing.
            if waiter != nil { context.read() }
        }

        func channelInactive(context: ChannelHandlerContext) {
            end()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func end() {
            isOver = true
            answer()
        }
    }
}
