package import Access
package import Broadcast
import Hummingbird
package import Logging
package import NIOCore
package import ServiceLifecycle
package import Store
package import Workflow

/// The HTTP server, put together.
package enum APIServer {
    /// The server; run it in a service group.
    ///
    /// - Parameters:
    ///   - eventLoopGroup: the hub's.
    ///   - checks: what `/health/ready` checks besides the database.
    ///   - onServerRunning: called with the listening channel, whose local address has the port.
    package static func service(
        configuration: APIConfiguration, store: Store, hub: Hub, eventLoopGroup: any EventLoopGroup,
        checks: [ReadinessCheck] = [], logger: Logger,
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) -> some Service {
        let routes = APIRouter(
            configuration: configuration, store: store, hub: hub, checks: checks, logger: logger
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

/// The settings of the HTTP server, with their defaults. Sizes are in bytes.
package struct APIConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0: any free port.
    package var port = 8080
    /// With a certificate HTTP/2 and HTTP/1.1 over TLS; nil: HTTP/1.1 without TLS.
    package var certificate: ServerCertificate?
    /// Longer bodies get 413.
    package var maxBodyBytes = 1 << 20
    /// Of requests and responses in the story of a draft; more are left out.
    package var maxStoryBytes = 8 << 20
    /// Longer header sections get 431.
    package var maxHeaderBytes = 32 << 10
    package var maxHeaderCount = 200
    /// The time within which a connection must send the header section of its next request. Does not bind streams.
    package var idleTimeout: Duration = .seconds(60)
    /// The time within which a request must send its body after its header section; then 408.
    package var requestTimeout: Duration = .seconds(30)
    /// How long `/health/ready` waits for the database.
    package var readinessTimeout: Duration = .seconds(2)
    /// How long sent bytes may stay unacknowledged before the connection counts as dead.
    package var tcpUserTimeout: Duration = .seconds(60)
    /// How many connections may wait to be accepted; the kernel has a bound of its own.
    package var backlog = 4096
    /// The folder of the board; nil: no files are served.
    package var publicDirectory: String?
    /// How long the connection of a stream that ends has to take what is unsent; on shutdown a second at most.
    package var streamSettleTime: Duration = .seconds(30)
    /// The kinds of phases that the embedding program brings.
    package var customKinds = CustomKinds.none
    /// What the definitions of each tenant may name.
    package var grants = Grants()
    /// The limits of providers and models, which queues are shown with.
    package var modelLimits: ScopedModelLimits = [:]
    package var authentication: Authentication = .none
    /// Which credentials are accepted, where any are required.
    package var access = AccessConfiguration()
    /// Of one user or key; 0 for no limit. No effect without authentication.
    package var requestsPerMinute = 6_000
    /// Credentials from one address that are not valid; 0 for no limit.
    package var failedCredentialsPerMinute = 60
    /// Names that the service goes by, besides those of loopback. They matter where it listens on loopback without
    /// authentication, and then every other `Host` is refused. Without a port every port is meant.
    package var allowedHosts: [Authority] = []
    /// The origins, besides the service's own, whose pages may change something.
    package var allowedOrigins: [WebOrigin] = []
    /// The origins whose pages may show the service's page in a frame.
    package var frameAncestors: [WebOrigin] = []
    package var metrics = MetricsConfiguration()

    package init() {}
}
