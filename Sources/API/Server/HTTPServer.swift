import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Listens, accepts on a thread of its own, and serves each connection until it ends.
///
/// Accepting never waits for a fan-out. Otherwise a burst of events would let the kernel's queue fill up, and clients that
/// find it full try again only after seconds.
struct HTTPServer: Service {
    let configuration: APIConfiguration
    let eventLoopGroup: any EventLoopGroup
    let connections: any ConnectionSetup
    let logger: Logger
    /// Called with the listening channel.
    let onRunning: @Sendable (any Channel) async -> Void

    func run() async throws {
        let acceptor = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<Void, any Error>
        do {
            result = .success(try await serve(acceptor))
        } catch {
            result = .failure(error)
        }
        try? await acceptor.shutdownGracefully()
        try result.get()
    }

    private func serve(_ acceptor: MultiThreadedEventLoopGroup) async throws {
        let open = OpenConnections(group: eventLoopGroup)
        let listener = try await bind(acceptor, open)
        await onRunning(listener)
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                try? await listener.closeFuture.get()
            } onGracefulShutdown: {
                listener.close(promise: nil)
            }
        } onCancel: {
            listener.close(promise: nil)
        }
        open.quiesce()
        await letGo(open)
    }

    /// Waits for the requests in progress, but not longer than a request may take.
    private func letGo(_ open: OpenConnections) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [configuration] in
                // Cut short when all connections have ended, or by cancellation.
                try? await Task.sleep(for: configuration.requestTimeout)
                open.closeAll()
            }
            await open.ended()
            group.cancelAll()
        }
    }

    private func bind(_ acceptor: MultiThreadedEventLoopGroup, _ open: OpenConnections) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: acceptor, childGroup: eventLoopGroup)
            .serverChannelOption(.backlog, value: Int32(clamping: configuration.backlog))
            .serverChannelOption(.maxMessagesPerRead, value: 256)
            .serverChannelInitializer { [logger] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptErrorHandler(logger: logger))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [connections] channel in
                open.add(channel)
                return channel.eventLoop.makeCompletedFuture { try connections.setUp(channel, open) }
            }
        return try await SocketOptions(configuration).apply(to: bootstrap)
            .bind(host: configuration.host, port: configuration.port).get()
    }
}

/// Sets up the pipeline of accepted connections, and starts the tasks that serve them.
protocol ConnectionSetup: Sendable {
    /// Called on the connection's event loop. A connection whose setup throws is closed.
    func setUp(_ channel: any Channel, _ open: OpenConnections) throws
}

/// The options of the listening socket. Accepted connections inherit them, so that they cost a connection no system call.
struct SocketOptions {
    private var options: [(ChannelOptions.Types.SocketOption, Int)] = [
        (.init(level: .socket, name: .so_reuseaddr), 1), (.init(level: .tcp, name: .tcp_nodelay), 1),
        (.init(level: .socket, name: .so_keepalive), 1),
    ]

    /// Lets TCP notice a peer that has vanished. A heartbeat that is not acknowledged closes the connection after the
    /// timeout; a connection without unsent bytes gets keep-alive probes after half of it.
    init(_ configuration: APIConfiguration) {
        let timeout = configuration.tcpUserTimeout
        let seconds = Int(timeout.components.seconds)
        let milliseconds = Int(TimeAmount(timeout).nanoseconds / 1_000_000)
        options += [
            (.init(level: .tcp, name: .init(rawValue: TCP_USER_TIMEOUT)), milliseconds),
            (.init(level: .tcp, name: .init(rawValue: TCP_KEEPIDLE)), max(1, seconds / 2)),
            (.init(level: .tcp, name: .init(rawValue: TCP_KEEPINTVL)), max(1, seconds / 6)),
        ]
    }

    func apply(to bootstrap: ServerBootstrap) -> ServerBootstrap {
        options.reduce(bootstrap) { $0.serverChannelOption($1.0, value: .init($1.1)) }
    }
}

/// Logs, at most once a minute, that connections cannot be accepted, such as because file descriptors ran out. NIO tries
/// again after a second, and the clients wait in the kernel's queue.
final class AcceptErrorHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let logger: Logger
    private var silentUntil = NIODeadline.now()

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if NIODeadline.now() >= silentUntil {
            silentUntil = .now() + .minutes(1)
            logger.warning("connections cannot be accepted for now", metadata: ["error": "\(error)"])
        }
        context.fireErrorCaught(error)
    }
}

@available(*, unavailable)
extension AcceptErrorHandler: Sendable {}
