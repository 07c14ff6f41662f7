import Access
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
        try context.identity.requireTicket(forAccumulatedContext: include.contains(.accumulatedContext))
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
        // By the rights at the state's cursor. Those of the request may be older.
        var identity = context.identity
        while true {
            guard let state = try await api.store.taskState(identity.scope, taskID, include: include, steps: steps) else {
                throw ProblemError.notFound(task: taskID)
            }
            let now = try await rights(of: identity.principal, since: state.accessPosition)
            if now.seesSame(as: identity.principal) {
                return .json(JSONText(bytes: identity.shown(state.json.bytes)), tag: state.cursor.description)
            }
            identity = Identity(now)
        }
    }

    /// - Parameter position: of the latest change of access in the tenant; nil: there was none.
    private func rights(of principal: Principal, since position: Int64?) async throws -> Principal {
        guard let position, principal.mode != .none else { return principal }
        do {
            return try await api.authenticator.check(principal, .since(position: position))
        } catch let error as CredentialError {
            throw ProblemError(error)
        }
    }
}

/// The rows that belong to a task, a page at a time.
struct TaskRowRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        add("outputs", to: routes) { try await $0.outputs($1, $2, $3) }
        add("evaluations", to: routes) { try await $0.evaluations($1, $2, $3) }
        add("rankings", to: routes) { try await $0.rankings($1, $2, $3) }
        add("logs", to: routes) { try await $0.logs($1, $2, $3) }
        add("history", to: routes) { try await $0.history($1, $2, $3) }
        routes.get("/api/v1/tasks/{task_id}/outputs/{output_id}/versions", use: outputVersions)
    }

    private func add(
        _ name: String, to routes: RouteBuilder,
        _ read: @escaping @Sendable (Store, Scope, UUID, PageRequest) async throws -> ListPage
    ) {
        routes.get("/api/v1/tasks/{task_id}/\(name)") { request, context in
            var query = QueryReader(request)
            let page = query.page()
            try query.finish()
            let taskID = try context.uuid("task_id")
            guard try await api.store.taskExists(context.scope, taskID) else { throw ProblemError.notFound(task: taskID) }
            return .json(context.identity.shown(list: try await read(api.store, context.scope, taskID, page).json))
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
        return .json(context.identity.shown(list: list.json))
    }
}
