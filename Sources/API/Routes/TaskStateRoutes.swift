import Base
import Foundation
import Hummingbird
import Store
import Workflow

/// State restoration: everything about a task at one cursor.
struct TaskStateRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/tasks/{task_id}/state") { request, context in
            try await state(request, context, workflow: nil)
        }
        routes.get("/api/v1/workflows/{name}/state/{task_id}") { request, context in
            try await state(request, context, workflow: context.text("name"))
        }
    }

    private func state(
        _ request: Request, _ context: PressroomRequestContext, workflow: String?
    ) async throws -> Response {
        var query = QueryReader(request)
        let include = Set(query.words("include", as: StateInclusion.self))
        let steps = query.boolean("steps") ?? true
        try query.finish()
        let taskID = try context.uuid("task_id")
        if let workflow, try await api.store.phaseStatuses(context.scope, taskID)?.workflowName != workflow {
            throw ProblemError.notFound(task: taskID, of: workflow)
        }
        let conditions = Preconditions(request)
        if conditions.isConditional, let cursor = try await api.store.taskStateCursor(context.scope, taskID),
            conditions.isKnown(cursor.description)
        {
            return .notModified(tag: cursor.description)
        }
        guard let state = try await api.store.taskState(context.scope, taskID, include: include, steps: steps) else {
            throw ProblemError.notFound(task: taskID)
        }
        return .json(state.json, tag: state.cursor.description)
    }
}

/// The rows that belong to a task, a page at a time.
struct TaskRowRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        add("outputs", to: routes) { try await $0.outputs($1, $2, $3) }
        add("evaluations", to: routes) { try await $0.evaluations($1, $2, $3) }
        add("rankings", to: routes) { try await $0.rankings($1, $2, $3) }
        add("steps", to: routes) { try await $0.steps($1, $2, $3) }
        add("logs", to: routes) { try await $0.logs($1, $2, $3) }
        add("history", to: routes, isCountable: false) { try await $0.history($1, $2, $3) }
        routes.get("/api/v1/tasks/{task_id}/outputs/{output_id}/versions", use: outputVersions)
    }

    private func add(
        _ name: String, to routes: RouteBuilder, isCountable: Bool = true,
        _ read: @escaping @Sendable (Store, Scope, UUID, PageRequest) async throws -> ListPage
    ) {
        routes.get("/api/v1/tasks/{task_id}/\(name)") { request, context in
            var query = QueryReader(request)
            let page = query.page(isCountable: isCountable)
            try query.finish()
            let taskID = try context.uuid("task_id")
            guard try await api.store.taskExists(context.scope, taskID) else { throw ProblemError.notFound(task: taskID) }
            return .json(try await read(api.store, context.scope, taskID, page).json)
        }
    }

    private func outputVersions(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let page = query.page()
        try query.finish()
        let (taskID, outputID) = (try context.uuid("task_id"), try context.uuid("output_id"))
        guard let list = try await api.store.outputVersions(context.scope, taskID, outputID: outputID, page) else {
            throw ProblemError(.notFound, "The task has no output \(outputID.text).")
        }
        return .json(list.json)
    }
}
