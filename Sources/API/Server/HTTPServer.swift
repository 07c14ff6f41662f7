import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Listens, accepts on a thread of its own, and serves each connection until it ends.
///
/// Accepting never waits for the loops that fan out: during a burst there the kernel's queue would fill up, and clients
/// that find it full come back only after seconds.
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

    /// Waits for the requests that are under way, but not longer than a request may take.
    private func letGo(_ open: OpenConnections) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [configuration] in
                // Cut short by the others' end, or by the cancellation of all.
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
