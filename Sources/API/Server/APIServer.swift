package import Broadcast
import Hummingbird
package import Logging
package import NIOCore
package import ServiceLifecycle
package import Store

/// The HTTP server, put together.
package enum APIServer {
    /// The server; run it in a service group.
    ///
    /// - Parameters:
    ///   - eventLoopGroup: the one that the hub was made with.
    ///   - checks: what `/health/ready` asks besides the database.
    ///   - onServerRunning: called with the listening channel, whose local address has the port.
    package static func service(
        configuration: APIConfiguration, store: Store, hub: Hub, eventLoopGroup: any EventLoopGroup,
        streams: StreamConfiguration = StreamConfiguration(), checks: [ReadinessCheck] = [], logger: Logger,
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) -> some Service {
        let routes = APIRouter(
            configuration: configuration, store: store, streams: StreamRoutes(store: store, hub: hub, configuration: streams, logger: logger),
            checks: checks, logger: logger
        ).router.buildResponder()
        let exchanges = HTTPExchanges(routes, logger: logger)
        return HTTPServer(
            configuration: configuration, eventLoopGroup: eventLoopGroup,
            connections: HTTP1Connections(exchanges: exchanges, configuration: configuration, logger: logger),
            logger: logger, onRunning: onServerRunning)
    }
}
