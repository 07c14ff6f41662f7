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
            throw ProblemError(.notFound, "There is no task \(taskID.uuidString.lowercased()) of a workflow \(workflow).")
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
