import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// What is going on: steps over all tasks and of one, queues, nodes, and the counts of all of it.
struct OverviewRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/steps") { request, context in try await steps(request, context, of: nil) }
        routes.get("/api/v1/tasks/{task_id}/steps") { request, context in
            try await steps(request, context, of: context.uuid("task_id"))
        }
        routes.get("/api/v1/steps/{id}", use: step)
        routes.get("/api/v1/processors") { request, context in
            let isCounted = try Self.isCounted(request)
            return Self.list(try await api.store.processors(context.scope), isCounted)
        }
        routes.get("/api/v1/queues") { request, context in
            let isCounted = try Self.isCounted(request)
            return Self.list(try await api.store.queues(context.scope, api.configuration.modelLimits), isCounted)
        }
        routes.get("/api/v1/overview", use: overview)
        routes.get("/api/v1/usage", use: usage)
    }

    private func steps(_ request: Request, _ context: PressroomRequestContext, of taskID: UUID?) async throws -> Response {
        var query = QueryReader(request)
        var filter = StepFilter()
        filter.taskID = taskID ?? query.uuid("task_id")
        filter.statuses = query.words("status")
        filter.kind = query.string("kind", maxLength: 100)
        filter.agent = query.string("agent", maxLength: 100)
        filter.model = query.string("model", maxLength: 200)
        filter.phase = query.string("phase", maxLength: 100)
        filter.errorCode = query.string("error_code", maxLength: 100)
        filter.since = query.timestamp("since")
        let page = query.page()
        try query.finish()
        if let taskID, try await !api.store.taskExists(context.scope, taskID) { throw ProblemError.notFound(task: taskID) }
        return .json(context.identity.shown(list: try await api.store.steps(context.scope, filter, page).json))
    }

    private func step(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        guard let step = try await api.store.step(context.scope, id) else {
            throw ProblemError(.notFound, "There is no step \(id.text).")
        }
        return .row(step.json, tag: String(step.version), for: request)
    }

    private func overview(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let window = query.duration("window", in: .seconds(60) ... .seconds(30 * 86_400)) ?? .seconds(3_600)
        try query.finish()
        let overview = try await api.store.overview(context.scope, window: window, api.configuration.modelLimits)
        return .json(JSONText(overview.text))
    }

    private func usage(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let grouping = query.word("by", as: UsageGrouping.self) ?? .workflow
        let since = query.timestamp("since")
        let until = query.timestamp("until")
        let isCounted = query.boolean("count") ?? false
        try query.finish()
        let items = try await api.store.usage(context.scope, by: grouping, since: since, until: until)
        return Self.list(items, isCounted, isCut: items.count == Store.maxUsageGroups)
    }

    private static func isCounted(_ request: Request) throws -> Bool {
        var query = QueryReader(request)
        let isCounted = query.boolean("count") ?? false
        try query.finish()
        return isCounted
    }

    /// These lists are short, and have no pages.
    ///
    /// - Parameter isCut: whether there may be more than these.
    private static func list(_ items: [JSON], _ isCounted: Bool, isCut: Bool = false) -> Response {
        var body: JSONObject = ["items": .array(items), "next": .null]
        if isCounted {
            body["total"] = .integer(Int64(items.count))
            if isCut { body["total_is_floor"] = true }
        }
        return .json(JSONText(JSON.object(body).text))
    }
}
