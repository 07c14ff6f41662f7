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
            router: router(
                configuration: configuration, store: store, streams: StreamRoutes(store: store, hub: hub, configuration: streams),
                checks: checks, logger: logger),
            server: .http1(configuration: connection(configuration)),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "pressroom",
                backlog: configuration.backlog),
            onServerRunning: onServerRunning,
            eventLoopGroupProvider: .shared(eventLoopGroup),
            logger: logger)
    }

    private static func router(
        configuration: APIConfiguration, store: Store, streams: StreamRoutes, checks: [ReadinessCheck], logger: Logger
    ) -> Router<PressroomRequestContext> {
        let router = Router(context: PressroomRequestContext.self, options: .autoGenerateHeadEndpoints)
        let table = RouteTable()
        router.add(middleware: RequestLogMiddleware())
        router.add(middleware: SecurityHeadersMiddleware())
        router.add(middleware: ProblemMiddleware(table: table))
        if let directory = configuration.publicDirectory {
            router.add(middleware: StaticFilesMiddleware(directory: directory, logger: logger))
        }
        router.add(middleware: IdentityMiddleware(authentication: configuration.authentication))

        let api = APIEnvironment(store: store, configuration: configuration, definitions: DefinitionCache())
        let routes = RouteBuilder(router: router, table: table)
        HealthRoutes(api: api, checks: checks).add(to: routes)
        WorkflowRoutes(api: api).add(to: routes)
        GraphRoutes(api: api).add(to: routes)
        TaskRoutes(api: api).add(to: routes)
        TaskActionRoutes(api: api).add(to: routes)
        TaskStateRoutes(api: api).add(to: routes)
        TaskRowRoutes(api: api).add(to: routes)
        streams.add(to: router.group("/api/v1"))
        table.add(.get, "/api/v1/stream")
        table.add(.get, "/api/v1/tasks/{task_id}/stream")
        return router
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
