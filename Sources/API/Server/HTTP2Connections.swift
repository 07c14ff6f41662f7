import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypesHTTP2

/// Connections that speak HTTP/2 (RFC 9113): many requests at a time, each on a stream with its own channel.
struct HTTP2Connections: ConnectionSetup {
    /// How many streams a client may have open at a time on one connection.
    static let maxConcurrentStreams = 256

    let exchanges: HTTPExchanges
    let configuration: APIConfiguration
    let logger: Logger

    func setUp(_ channel: any Channel, _ open: OpenConnections) throws {
        let pipeline = channel.pipeline.syncOperations
        let manager = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: TimeAmount(configuration.idleTimeout), maxAge: nil, maxGraceTime: nil, keepalive: nil))
        // The manager measures idle time only from the end of a stream.
        let firstStream = channel.eventLoop.scheduleTask(in: TimeAmount(configuration.idleTimeout)) {
            channel.close(promise: nil)
        }
        channel.closeFuture.whenComplete { _ in firstStream.cancel() }
        // The streams are served as soon as they are set up, not through what this returns.
        _ = try pipeline.configureAsyncHTTP2Pipeline(
            mode: .server, streamDelegate: manager.http2StreamDelegate,
            frameDelegate: HTTP2ConnectionEnd(channel, gracePeriod: TimeAmount(configuration.requestTimeout)),
            configuration: handlerConfiguration
        ) { stream in
            firstStream.cancel()
            return stream.eventLoop.makeCompletedFuture { try setUpStream(stream, open) }
        }
        try pipeline.addHandler(manager)
    }

    private var handlerConfiguration: NIOHTTP2Handler.Configuration {
        var handler = NIOHTTP2Handler.Configuration()
        handler.connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.maxConcurrentStreams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: configuration.maxHeaderBytes),
        ]
        // As of a socket: what is unsent below these counts as taken.
        handler.stream.outboundBufferSizeHighWatermark = 64 << 10
        handler.stream.outboundBufferSizeLowWatermark = 32 << 10
        return handler
    }

    private func setUpStream(_ channel: any Channel, _ open: OpenConnections) throws {
        try channel.pipeline.syncOperations.addHandlers([
            HTTP2FramePayloadToHTTPServerCodec(), ConnectionGuard(configuration, isHTTP2: true),
        ])
        let stream = try HTTPChannel(wrappingChannelSynchronously: channel)
        open.serve(on: channel.eventLoop) { [exchanges, logger] in await Self.serve(stream, exchanges, logger) }
    }

    private static func serve(_ stream: HTTPChannel, _ exchanges: HTTPExchanges, _ logger: Logger) async {
        do {
            try await stream.executeThenClose { inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                guard let exchange = try await exchanges.next(&parts, outbound, on: stream.channel, isHTTP2: true) else {
                    return
                }
                try await exchange.finish()
                // Closing now would reset what the client has not taken yet. The stream closes when both sides have ended.
                while try await parts.next() != nil {}
            }
        } catch {
            logger.trace("a stream of HTTP/2 broke off", metadata: ["error": "\(error)"])
        }
    }
}

/// Closes a connection after its GOAWAY. After an error of the connection, which NIO leaves open, this happens at once.
/// When the connection is to end with its last stream, it happens after a grace period, for clients that do not respond.
///
/// An error of one stream, which NIO reports in the same way, does not end the others.
struct HTTP2ConnectionEnd: NIOHTTP2FrameDelegate {
    private let channel: any Channel
    private let gracePeriod: TimeAmount

    init(_ channel: any Channel, gracePeriod: TimeAmount) {
        self.channel = channel
        self.gracePeriod = gracePeriod
    }

    func wroteFrame(_ frame: HTTP2Frame) {
        guard case .goAway(_, let code, _) = frame.payload else { return }
        let closing = channel.eventLoop.scheduleTask(in: code == .noError ? gracePeriod : .zero) { [channel] in
            channel.close(promise: nil)
        }
        channel.closeFuture.whenComplete { _ in closing.cancel() }
    }
}
