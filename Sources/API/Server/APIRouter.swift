import Hummingbird
import Logging
import Store

/// All routes with what stands before them, and the table of their methods.
struct APIRouter {
    let router: Router<PressroomRequestContext>
    let table = RouteTable()

    init(
        configuration: APIConfiguration, store: Store, streams: StreamRoutes, checks: [ReadinessCheck], logger: Logger
    ) {
        router = Router(context: PressroomRequestContext.self, options: .autoGenerateHeadEndpoints)
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
        ScheduleRoutes(api: api).add(to: routes)
        ForkRoutes(api: api).add(to: routes)
        HumanTaskRoutes(api: api).add(to: routes)
        streams.add(to: router.group("/api/v1"))
        table.add(.get, "/api/v1/stream")
        table.add(.get, "/api/v1/tasks/{task_id}/stream")
    }
}
