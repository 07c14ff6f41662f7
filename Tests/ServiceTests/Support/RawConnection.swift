import Glibc
import Glibc
import NIOCore
import NIOPosix

/// A TCP connection whose bytes a test sends and reads itself.
struct RawConnection {
    private let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator

    /// Lends a connection, which is closed afterwards. Nothing is read ahead of the test but what buffers hold.
    ///
    /// - Parameter receiveBuffer: bytes that the system keeps unread; nil for its default.
    static func with<Value: Sendable>(
        port: Int, receiveBuffer: Int? = nil, _ body: @escaping @Sendable (inout RawConnection) async throws -> Value
    ) async throws -> Value {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: 1)
        if let receiveBuffer { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: receiveBuffer) }
        let connection = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(
                        backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2), isOutboundHalfClosureEnabled: true))
            }
        }
        return try await connection.executeThenClose { inbound, outbound in
            var raw = RawConnection(channel: connection.channel, outbound: outbound, inbound: inbound.makeAsyncIterator())
            return try await body(&raw)
        }
    }

    private init(
        channel: any Channel, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    ) {
        self.channel = channel
        self.outbound = outbound
        self.inbound = inbound
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    /// Sends a byte now and then after `beginning`, until it is cancelled or the connection is gone.
    func drip(after beginning: String) -> Task<Void, any Error> {
        Task { [outbound] in
            try await outbound.write(ByteBuffer(string: beginning))
            while true {
                // The attack itself: slow on purpose.
                try await Task.sleep(for: .milliseconds(200))
                try await outbound.write(ByteBuffer(string: "x"))
            }
        }
    }

    /// Ends the sending half; the other stays open.
    func finishSending() {
        outbound.finish()
    }

    /// What has arrived; nil when the other side has ended, whichever way.
    mutating func next() async throws -> [UInt8]? {
        do {
            return try await inbound.next().map { Array($0.readableBytesView) }
        } catch is IOError {
            return nil
        }
    }

    /// Everything up to the end.
    mutating func rest() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = try await next() { bytes += more }
        return bytes
    }

    /// Everything up to the end, as text.
    mutating func restText() async throws -> String {
        String(decoding: try await rest(), as: UTF8.self)
    }

    /// Everything up to what contains `end`, or up to the end.
    mutating func text(upTo end: String) async throws -> String {
        var bytes: [UInt8] = []
        let end = Array(end.utf8)
        while let more = try await next() {
            // It may have begun in the bytes before.
            let tail = Array(bytes.suffix(end.count)) + more
            bytes += more
            if tail.contains(end) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Whether these bytes stand in here; fast without optimization too.
    func contains(_ part: [UInt8]) -> Bool {
        guard let first = part.first, part.count <= count else { return part.isEmpty }
        return withUnsafeBytes { bytes in
            part.withUnsafeBytes { part in
                guard let start = bytes.baseAddress, let wanted = part.baseAddress else { return false }
                var offset = 0
                while offset <= bytes.count - part.count,
                    let found = memchr(start + offset, Int32(first), bytes.count - part.count - offset + 1)
                {
                    if memcmp(found, wanted, part.count) == 0 { return true }
                    offset = UnsafeRawPointer(found) - start + 1
                }
                return false
            }
        }
    }
}
