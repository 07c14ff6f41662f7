import Broadcast
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Takes a plain connection away from the HTTP server, once the head of its response is sent and the rest is a stream.
///
/// The stream then needs none of what a request needs. Its event loop serves no requests, so that requests do not wait
/// for a fan-out, nor a fan-out for requests.
enum SocketHandover {
    /// A descriptor of the connection's socket. The channel is closed, and the connection stays open. Nil when the socket
    /// cannot be taken; then the channel is unchanged.
    static func takeSocket(of channel: any Channel) async throws -> NIOBSDSocket.Handle? {
        try await channel.eventLoop.submit {
            // Only without TLS: bytes that bypass the channel would not be encrypted.
            let isSecure = (try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)) != nil
            guard !isSecure, channel.isActive, try channel.syncOptions?.getOption(.bufferedWritableBytes) == 0 else {
                return nil
            }
            let copy = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                fcntl($0, F_DUPFD_CLOEXEC, 0)
            }
            guard let copy, copy >= 0 else { return nil }
            channel.close(promise: nil)
            return copy
        }.get()
    }
}

/// A plain connection that only streams, on an event loop that only fans out.
///
/// It writes to the socket directly, and leaves to its channel only what the kernel does not take at once. A fan-out is
/// mostly system calls, and a write through a channel costs half of one more.
final class SocketStream: ChannelInboundHandler, SubscriberOutput {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let channel: any Channel
    private let socket: NIOBSDSocket.Handle
    private var subscriber: Subscriber?
    /// How many writes wait in the channel. Later ones must wait behind them.
    private var waitingWrites = 0

    private init(_ channel: any Channel, _ socket: NIOBSDSocket.Handle) {
        self.channel = channel
        self.socket = socket
    }

    /// Makes a channel of a connected socket, and owns the socket from now on.
    static func open(_ socket: NIOBSDSocket.Handle, on eventLoop: any EventLoop) async throws -> any Channel {
        // From here on NIO closes the socket, also when this fails.
        try await ClientBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SocketStream(channel, socket))
                }
            }
            .withConnectedSocket(socket).get()
    }

    /// Makes it the output of a subscriber. On the event loop.
    static func connect(
        _ channel: any Channel, _ subscribe: (any SubscriberOutput) -> Subscriber
    ) throws -> Subscriber {
        guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
        let stream = try channel.pipeline.syncOperations.handler(type: SocketStream.self)
        let subscriber = subscribe(stream)
        stream.subscriber = subscriber
        return subscriber
    }

    /// Sends the end of the response. Returns when it is sent, or when the reader has taken nothing for this time.
    /// - Parameter isPatient: false where everything must be taken within the time.
    static func end(_ channel: any Channel, _ framing: Framing, within time: Duration, isPatient: Bool) async {
        let end = channel.eventLoop.flatSubmit {
            let watch = ReadingWatch(channel, within: TimeAmount(time), isPatient: isPatient)
            let sent = channel.writeAndFlush(ByteBuffer(string: framing == .chunked ? "0\r\n\r\n" : ""))
            sent.assumeIsolated().whenComplete { _ in watch.stop() }
            return sent
        }
        try? await end.get()
    }

    var isWritable: Bool { waitingWrites == 0 || channel.isWritable }

    var unsentBytes: Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    var untakenBytes: Int { unsentBytes + (channel.isActive ? SocketBytes.unacknowledged(of: socket) : 0) }

    func write(_ bytes: ByteBuffer) {
        // The number of a closed channel's socket may belong to another connection by now.
        guard channel.isActive else { return }
        var rest = bytes
        if waitingWrites == 0 {
            let sent = bytes.withUnsafeReadableBytes {
                send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if sent == bytes.readableBytes { return }
            if sent > 0 { rest.moveReaderIndex(forwardBy: sent) }
        }
        waitingWrites += 1
        let stream = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.writeAndFlush(rest).whenComplete { _ in stream.value.waitingWrites -= 1 }
    }

    func drop() {
        channel.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A stream has no further requests.
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if channel.isWritable { subscriber?.becameWritable() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        subscriber?.readerLeft()
        subscriber = nil
    }
}

/// Closes a connection whose reader takes nothing of what is unsent for some time. Used on the connection's event loop.
final class ReadingWatch {
    private let channel: any Channel
    private let time: TimeAmount
    private let isPatient: Bool
    private var untaken = 0
    private var timer: Scheduled<Void>?

    init(_ channel: any Channel, within time: TimeAmount, isPatient: Bool) {
        self.channel = channel
        self.time = time
        self.isPatient = isPatient
        schedule()
    }

    func stop() {
        timer?.cancel()
    }

    private func schedule() {
        untaken = SocketBytes.untaken(of: channel)
        let watch = NIOLoopBound(self, eventLoop: channel.eventLoop)
        timer = channel.eventLoop.scheduleTask(in: time) { watch.value.look() }
    }

    private func look() {
        if isPatient, SocketBytes.untaken(of: channel) < untaken { return schedule() }
        channel.close(promise: nil)
    }
}

/// What the kernel says of a connection's socket.
enum SocketBytes {
    /// Bytes in the kernel that the other machine has not acknowledged (tcp(7), SIOCOUTQ); 0 where that is unknown.
    static func unacknowledged(of socket: NIOBSDSocket.Handle) -> Int {
        var bytes: CInt = 0
        return ioctl(socket, UInt(TIOCOUTQ), &bytes) == 0 ? Int(bytes) : 0
    }

    /// Bytes that were written to a channel and that the other machine has not acknowledged.
    static func untaken(of channel: any Channel) -> Int {
        let unsent = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        let inKernel = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            unacknowledged(of: $0)
        }
        return unsent + (inKernel ?? 0)
    }
}
