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
        return HTTPServer(
            configuration: configuration, eventLoopGroup: eventLoopGroup,
            connections: connections(configuration, HTTPExchanges(routes, logger: logger), logger), logger: logger,
            onRunning: onServerRunning)
    }

    private static func connections(
        _ configuration: APIConfiguration, _ exchanges: HTTPExchanges, _ logger: Logger
    ) -> any ConnectionSetup {
        var http1 = HTTP1Connections(exchanges: exchanges, configuration: configuration, logger: logger)
        guard let certificate = configuration.certificate else { return http1 }
        http1.isSecure = true
        return SecureConnections(
            certificate: certificate, http1: http1,
            http2: HTTP2Connections(exchanges: exchanges, configuration: configuration, logger: logger),
            handshakeTimeout: TimeAmount(configuration.idleTimeout))
    }
}
