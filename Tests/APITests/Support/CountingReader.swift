import Glibc
import NIOCore
import NIOPosix

/// Reads a stream and only counts the blank lines that end its events.
struct CountingReader: Sendable {
    private let channel: any Channel
    private let counter: NIOLoopBound<Counter>
    /// Not the loops of the server that runs in the same process.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    static func connect(port: Int, request: String) async throws -> CountingReader {
        let (channel, counter) = try await ClientBootstrap(group: group)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let counter = Counter()
                    try channel.pipeline.syncOperations.addHandler(counter)
                    return (channel, NIOLoopBound(counter, eventLoop: channel.eventLoop))
                }
            }
        try await channel.writeAndFlush(ByteBuffer(string: request))
        return CountingReader(channel: channel, counter: counter)
    }

    var localPort: Int? { channel.localAddress?.port }

    /// Waits for so many; throws when the connection ends before.
    func received(events: Int) async throws {
        try await channel.eventLoop.flatSubmit { [counter] in counter.value.wait(for: events) }.get()
    }

    func close() {
        channel.close(promise: nil)
    }

    private final class Counter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private var events = 0
        private var endsInLine = false
        private var isOver = false
        private var context: ChannelHandlerContext?
        private var waiter: (events: Int, promise: EventLoopPromise<Void>)?

        func wait(for events: Int) -> EventLoopFuture<Void> {
            guard let context else { return CountingReader.group.any().makeFailedFuture(ChannelError.eof) }
            let promise = context.eventLoop.makePromise(of: Void.self)
            waiter = (events, promise)
            look()
            return promise.futureResult
        }

        private func look() {
            guard let waiter, isOver || events >= waiter.events else { return }
            self.waiter = nil
            if events >= waiter.events { waiter.promise.succeed() } else { waiter.promise.fail(ChannelError.eof) }
        }

        func handlerAdded(context: ChannelHandlerContext) {
            self.context = context
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            self.context = nil
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
                guard var place = bytes.baseAddress else { return }
                let end = place + bytes.count
                /// Where a second line break would end an event.
                var blank = endsInLine ? place : end
                while let found = memchr(place, 0x0A, end - place) {
                    place = UnsafeRawPointer(found) + 1
                    if place - 1 == blank { events += 1 }
                    blank = place
                }
                endsInLine = bytes.last == 0x0A
            }
            look()
        }

        func channelInactive(context: ChannelHandlerContext) {
            isOver = true
            look()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
