import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// The runs of steps and the requests that they have made, over all tasks and of one.
struct CallRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/attempts") { request, context in try await attempts(request, context, of: nil) }
        routes.get("/api/v1/tasks/{task_id}/attempts") { request, context in
            try await attempts(request, context, of: context.uuid("task_id"))
        }
        routes.get("/api/v1/calls") { request, context in try await calls(request, context, of: nil) }
        routes.get("/api/v1/tasks/{task_id}/calls") { request, context in
            try await calls(request, context, of: context.uuid("task_id"))
        }
        routes.get("/api/v1/calls/{id}", use: show)
    }

    private func attempts(_ request: Request, _ context: PressroomRequestContext, of taskID: UUID?) async throws -> Response {
        var query = QueryReader(request)
        var filter = AttemptFilter()
        filter.taskID = taskID ?? query.uuid("task_id")
        filter.stepID = query.uuid("step_id")
        filter.statuses = query.words("status")
        filter.errorCode = query.string("error_code", maxLength: 100)
        filter.since = query.timestamp("since")
        let page = query.page()
        try query.finish()
        try await requireTask(taskID, context)
        return .json(try await api.store.attempts(context.scope, filter, page).json)
    }

    private func calls(_ request: Request, _ context: PressroomRequestContext, of taskID: UUID?) async throws -> Response {
        var query = QueryReader(request)
        var filter = CallFilter()
        filter.taskID = taskID ?? query.uuid("task_id")
        filter.stepID = query.uuid("step_id")
        filter.model = query.string("model", maxLength: 200)
        filter.statuses = query.words("status")
        filter.since = query.timestamp("since")
        let page = query.page()
        try query.finish()
        try await requireTask(taskID, context)
        return .json(try await api.store.calls(context.scope, filter, page).json)
    }

    private func show(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        guard let call = try await api.store.call(context.scope, id) else {
            throw ProblemError(.notFound, "There is no call \(id.text).")
        }
        return .json(call)
    }

    private func requireTask(_ taskID: UUID?, _ context: PressroomRequestContext) async throws {
        guard let taskID, try await !api.store.taskExists(context.scope, taskID) else { return }
        throw ProblemError.notFound(task: taskID)
    }
}
