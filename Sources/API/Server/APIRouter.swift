import Broadcast
import HTTPTypes
import Hummingbird
import Logging
import Store
import Synchronization

/// All routes, the middleware before them, and the table of their methods.
struct APIRouter {
    let router: Router<PressroomRequestContext>
    let table = RouteTable()

    init(
        configuration: APIConfiguration, store: Store, hub: Hub, checks: [ReadinessCheck], logger: Logger
    ) {
        router = Router(context: PressroomRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RequestLogMiddleware())
        router.add(middleware: RequestMetricsMiddleware())
        router.add(middleware: SecurityHeadersMiddleware())
        router.add(middleware: ProblemMiddleware(table: table))
        router.add(middleware: HostMiddleware(configuration))
        router.add(middleware: OriginMiddleware(allowed: Set(configuration.allowedOrigins)))
        if let directory = configuration.publicDirectory {
            router.add(middleware: StaticFilesMiddleware(directory: directory, logger: logger))
        }
        router.add(middleware: IdentityMiddleware(authentication: configuration.authentication))

        let api = APIEnvironment(store: store, configuration: configuration)
        let routes = RouteBuilder(router: router, table: table)
        HealthRoutes(api: api, checks: checks).add(to: routes)
        MetricsRoutes(api: api).add(to: routes)
        WorkflowRoutes(api: api).add(to: routes)
        GraphRoutes(api: api).add(to: routes)
        TaskRoutes(api: api).add(to: routes)
        TaskActionRoutes(api: api).add(to: routes)
        TaskStateRoutes(api: api).add(to: routes)
        TaskRowRoutes(api: api).add(to: routes)
        OutputRoutes(api: api).add(to: routes)
        CallRoutes(api: api).add(to: routes)
        OverviewRoutes(api: api).add(to: routes)
        ScheduleRoutes(api: api).add(to: routes)
        ForkRoutes(api: api).add(to: routes)
        HumanTaskRoutes(api: api).add(to: routes)
        StreamRoutes(api: api, hub: hub, logger: logger).add(to: routes)
    }
}

/// What the routes share.
struct APIEnvironment: Sendable {
    let store: Store
    let configuration: APIConfiguration

    var bodyLimit: Int { configuration.maxBodyBytes }
}

/// Adds routes to the router and to the table of methods.
struct RouteBuilder {
    typealias Handler = @Sendable (Request, PressroomRequestContext) async throws -> Response

    let router: Router<PressroomRequestContext>
    let table: RouteTable

    func on(_ method: HTTPRequest.Method, _ path: String, use handler: @escaping Handler) {
        router.on(RouterPath(path), method: method, use: handler)
        table.add(method, path)
    }

    func get(_ path: String, use handler: @escaping Handler) { on(.get, path, use: handler) }
    func post(_ path: String, use handler: @escaping Handler) { on(.post, path, use: handler) }
    func patch(_ path: String, use handler: @escaping Handler) { on(.patch, path, use: handler) }
    func delete(_ path: String, use handler: @escaping Handler) { on(.delete, path, use: handler) }

    /// A path with a stream, whose handler also serves `HEAD`: the response to that has no body to leave out.
    func stream(_ path: String, use handler: @escaping Handler) {
        get(path, use: handler)
        router.on(RouterPath(path), method: .head, use: handler)
    }
}

/// The methods of each path, for a response with status 405.
final class RouteTable: Sendable {
    private let routes = Mutex<[(parts: [Substring], method: HTTPRequest.Method)]>([])

    func add(_ method: HTTPRequest.Method, _ path: String) {
        routes.withLock { $0.append((path.split(separator: "/"), method)) }
    }

    /// Every route, such as `GET /health`.
    var all: Set<String> {
        Set(routes.withLock { $0 }.map { "\($0.method.rawValue) /\($0.parts.joined(separator: "/"))" })
    }

    /// The methods for a path, `HEAD` beside `GET`; empty when there is no such path.
    func methods(for path: String) -> [String] {
        let parts = path.split(separator: "/")
        let matching = routes.withLock { $0 }.filter { route in
            route.parts.count == parts.count
                && zip(route.parts, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
        }
        // A fixed part hides the parameter beside it, as it does in the router.
        let fixed = matching.map { zip($0.parts, parts).count { $0 == $1 } }
        let maxFixed = fixed.max() ?? 0
        let methods = zip(matching, fixed).filter { $1 == maxFixed }.map(\.0.method)
        return methods.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.rawValue] }
    }
}
