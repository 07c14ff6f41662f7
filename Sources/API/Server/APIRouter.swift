import Access
import Broadcast
import HTTPTypes
import Hummingbird
import Logging
import Store
import Synchronization
import Workflow

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
        router.add(middleware: SecurityHeadersMiddleware(frameAncestors: configuration.frameAncestors))
        let origins = OriginRules(configuration.allowedOrigins)
        router.add(middleware: CrossOriginMiddleware(origins: origins, table: table))
        router.add(middleware: ProblemMiddleware(table: table))
        router.add(middleware: HostMiddleware(configuration))
        router.add(middleware: OriginMiddleware(allowed: origins))
        if let directory = configuration.publicDirectory {
            router.add(middleware: StaticFilesMiddleware(directory: directory, logger: logger))
        }
        let authenticator = Authenticator(store: store, configuration: configuration.access)
        let access = AccessMiddleware(configuration, authenticator)
        router.add(middleware: access)

        let api = APIEnvironment(store: store, configuration: configuration, authenticator: authenticator)
        let routes = RouteBuilder(router: router, table: table, store: store)
        HealthRoutes(api: api, checks: checks).add(to: routes)
        MetricsRoutes(api: api).add(to: routes)
        WorkflowRoutes(api: api).add(to: routes)
        GraphRoutes(api: api).add(to: routes)
        TaskRoutes(api: api).add(to: routes)
        TaskActionRoutes(api: api).add(to: routes)
        TaskStateRoutes(api: api).add(to: routes)
        TaskRowRoutes(api: api).add(to: routes)
        OutputRoutes(api: api).add(to: routes)
        ScheduleRoutes(api: api).add(to: routes)
        ForkRoutes(api: api).add(to: routes)
        HumanTaskRoutes(api: api).add(to: routes)
        SessionRoutes(api: api, access: access).add(to: routes)
        APIKeyRoutes(api: api).add(to: routes)
        WorkspaceRoutes(api: api).add(to: routes)
        StreamTicketRoutes(api: api).add(to: routes)
        StreamRoutes(api: api, hub: hub, credentials: CredentialWatch(authenticator, logger: logger), logger: logger).add(to: routes)
    }
}

/// What the routes share.
struct APIEnvironment: Sendable {
    let store: Store
    let configuration: APIConfiguration
    let authenticator: Authenticator

    var bodyLimit: Int { configuration.maxBodyBytes }
}

/// Adds routes to the router and to the table of methods.
struct RouteBuilder {
    typealias Handler = @Sendable (Request, PressroomRequestContext) async throws -> Response

    let router: Router<PressroomRequestContext>
    let table: RouteTable
    let store: Store

    func on(_ method: HTTPRequest.Method, _ path: String, use handler: @escaping Handler) {
        router.on(RouterPath(path), method: method, use: guarded(method, path, handler))
        table.add(method, path)
    }

    /// Asks for what the route needs (`RouteRights`) before its handler runs.
    private func guarded(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) -> Handler {
        let route = "\(method.rawValue) \(path)"
        let right = RouteRights.right(for: route)
        return { [store] request, context in
            if let limits = context.identity.principal.ticket {
                try await context.identity.requireTicket(limits, for: route, context, store)
            } else {
                try context.identity.require(right)
            }
            try await context.identity.require(right, context, store)
            return try await handler(request, context)
        }
    }

    func get(_ path: String, use handler: @escaping Handler) { on(.get, path, use: handler) }
    func post(_ path: String, use handler: @escaping Handler) { on(.post, path, use: handler) }
    func put(_ path: String, use handler: @escaping Handler) { on(.put, path, use: handler) }
    func patch(_ path: String, use handler: @escaping Handler) { on(.patch, path, use: handler) }
    func delete(_ path: String, use handler: @escaping Handler) { on(.delete, path, use: handler) }

    /// A path with a stream, whose handler also serves `HEAD`: the response to that has no body to leave out.
    func stream(_ path: String, use handler: @escaping Handler) {
        get(path, use: handler)
        router.on(RouterPath(path), method: .head, use: guarded(.get, path, handler))
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
