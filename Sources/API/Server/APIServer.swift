package import Broadcast
package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
package import Store

/// The HTTP server, put together.
package enum APIServer {
    /// The application; run it as a service.
    ///
    /// - Parameters:
    ///   - eventLoopGroup: the one that the hub was made with.
    ///   - checks: what `/health/ready` asks besides the database.
    ///   - onServerRunning: called with the listening channel, whose local address has the port.
    package static func application(
        configuration: APIConfiguration, store: Store, hub: Hub, eventLoopGroup: any EventLoopGroup,
        streams: StreamConfiguration = StreamConfiguration(), checks: [ReadinessCheck] = [], logger: Logger,
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            router: APIRouter(
                configuration: configuration, store: store, streams: StreamRoutes(store: store, hub: hub, configuration: streams),
                checks: checks, logger: logger
            ).router,
            server: .http1(configuration: connection(configuration)),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "pressroom",
                backlog: configuration.backlog),
            onServerRunning: onServerRunning,
            eventLoopGroupProvider: .shared(eventLoopGroup),
            logger: logger)
    }

    private static func connection(_ configuration: APIConfiguration) -> HTTP1Channel.Configuration {
        let (timeout, maxBodyBytes) = (TimeAmount(configuration.requestTimeout), configuration.maxBodyBytes)
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(requestTimeout: timeout, maxBodyBytes: maxBodyBytes)],
            idleTimeout: TimeAmount(configuration.idleTimeout),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: configuration.maxHeaderBytes, maxHeaderListSize: configuration.maxHeaderBytes,
                maxHeaderFieldCount: configuration.maxHeaderCount))
    }
}
