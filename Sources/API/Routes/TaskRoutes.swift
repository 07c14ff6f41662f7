import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// Tasks: start, list, read, delete.
struct TaskRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/tasks", use: list)
        routes.post("/api/v1/tasks", use: start)
        routes.get("/api/v1/tasks/{task_id}", use: show)
        routes.delete("/api/v1/tasks/{task_id}", use: delete)
    }

    private func list(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        var filter = TaskFilter()
        filter.statuses = query.words("status")
        filter.workflow = query.string("workflow")
        filter.conversationID = query.string("conversation_id")
        filter.userID = query.string("user_id")
        filter.workspaceID = query.uuid("workspace_id")
        filter.parentTaskID = query.uuid("parent_task_id")
        filter.since = query.timestamp("since")
        filter.until = query.timestamp("until")
        filter.text = query.string("q")
        let page = query.page()
        try query.finish()
        return .json(try await api.store.tasks(context.scope, filter, page).json)
    }

    private func show(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let taskID = try context.uuid("task_id")
        guard let view = try await api.store.task(context.scope, taskID) else { throw ProblemError.notFound(task: taskID) }
        let tag = String(view.version)
        if Preconditions(request).isKnown(tag) { return .notModified(tag: tag) }
        return .json(view.json, tag: tag)
    }

    private func delete(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let taskID = try context.uuid("task_id")
        let version = try Preconditions(request).requiredVersion()
        try await request.expectNoBody(upTo: api.bodyLimit)
        try await api.store.deleteTask(context.scope, taskID, ifVersion: version)
        return Response(status: .noContent)
    }

    private func start(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let json = try await request.json(upTo: api.bodyLimit)
        let idempotency = try request.idempotency(body: json.text)
        // Before anything is checked: the workflow may have been archived since the first request.
        if let idempotency, let recorded = try await api.store.recordedResponse(context.scope, idempotency) {
            return .recorded((recorded, true))
        }
        let traceParent = HTTPField.Name("traceparent").flatMap { request.headers[$0] }
        let start = try await prepare(json, context.identity, traceParent: traceParent, key: idempotency?.key)
        let scope = context.scope
        let location = "/api/v1/tasks/\(start.taskID.uuidString.lowercased())"
        guard let idempotency else {
            let view = try await api.store.startTask(scope, start)
            return .recorded((RecordedResponse(status: 202, location: location, body: view.json), false), tag: "1")
        }
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            let view = try await api.store.startTask(on: connection, scope, start)
            return RecordedResponse(status: 202, location: location, body: view.json)
        }
        api.store.hints.workArrived()
        return .recorded(result, tag: result.isRepeated ? nil : "1")
    }

    /// Checks the request against the workflow and completes it.
    private func prepare(
        _ json: JSON, _ identity: Identity, traceParent: String?, key: String?
    ) async throws -> TaskStart {
        let body = try TaskStartBody(json, identity: identity)
        let (view, entry) = try await api.startable(body.workflow, version: body.version, identity.scope)
        let input = try entry.checked(body.input)
        let taskID = UUIDv7.next()
        return TaskStart(
            taskID: taskID, workflow: entry.definition, workflowID: view.id, input: input, config: body.config,
            context: body.executionContext(identity, taskID: taskID, traceParent: traceParent),
            priority: body.priority, runAt: body.runAt, idempotencyKey: key)
    }
}
