import Base
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
        let include = Set(query.words("include", as: TaskInclusion.self))
        let page = query.page()
        try query.finish()
        try context.identity.narrow(&filter)
        try context.identity.requireTicket(forAccumulatedContext: include.contains(.accumulatedContext))
        return .json(context.identity.shown(list: try await api.store.tasks(context.scope, filter, page, include: include).json))
    }

    private func show(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let include = Set(query.words("include", as: TaskInclusion.self))
        try query.finish()
        try context.identity.requireTicket(forAccumulatedContext: include.contains(.accumulatedContext))
        let taskID = try context.uuid("task_id")
        guard let view = try await api.store.task(context.scope, taskID, include: include) else {
            throw ProblemError.notFound(task: taskID)
        }
        let json = context.identity.shown(row: view.json)
        // The version is the row's: what is derived from other rows can change without it.
        if include.contains(.accumulatedContext) { return .json(json, tag: String(view.version)) }
        return .row(json, tag: String(view.version), for: request)
    }

    private func delete(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let taskID = try context.uuid("task_id")
        let versions = try Preconditions(request).requiredVersions()
        try await request.expectNoBody(upTo: api.bodyLimit)
        try await api.store.deleteTask(context.scope, taskID, ifVersion: versions)
        return Response(status: .noContent)
    }

    private func start(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let json = try await request.json(upTo: api.bodyLimit)
        let idempotency = try request.idempotency(body: json.canonicalText)
        if let recorded = try await api.recorded(idempotency, context.scope) { return recorded }
        let start = try await prepare(
            json, context.identity, traceParent: request.headers[.traceParent], key: idempotency?.key)
        let scope = context.scope
        let location = "/api/v1/tasks/\(start.taskID.text)"
        guard let idempotency else {
            let view = try await api.store.startTask(scope, start)
            return .recorded((RecordedResponse(status: 202, location: location, body: view.json), false), tag: "1")
        }
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            let view = try await api.store.startTask(on: connection, scope, start)
            return RecordedResponse(status: 202, location: location, body: view.json, about: .task(start.taskID))
        }
        return .recorded(result, tag: result.isRepeated ? nil : "1")
    }

    /// Checks the request against the workflow and completes it.
    private func prepare(
        _ json: JSON, _ identity: Identity, traceParent: String?, key: String?
    ) async throws -> TaskStart {
        let body = try TaskStartBody(json, identity: identity)
        let workflow = try await api.store.startableWorkflow(identity.scope, body.workflow, version: body.version)
        if let wanted = body.workspaceID, try await api.store.workspace(identity.scope, ofWorkflow: body.workflow) != wanted {
            throw ProblemError(
                .invalid, "A task is in the workspace of its workflow.",
                errors: [Problem(pointer: "/workspace_id", detail: "is not the workspace of \(body.workflow)")])
        }
        let input = try await workflow.checkedInput(body.input)
        let taskID = UUIDv7.next()
        return TaskStart(
            taskID: taskID, workflow: workflow.definition, workflowID: workflow.id, input: input, config: body.config,
            context: body.executionContext(identity, taskID: taskID, traceParent: traceParent),
            priority: body.priority, runAt: body.runAt, idempotencyKey: key)
    }
}

/// The body of `POST /tasks`, checked by itself. Whether the workflow exists and the input fits it is checked afterwards.
struct TaskStartBody {
    let workflow: String
    let version: String?
    let input: JSON
    let config: JSON
    let priority: Int
    let runAt: String?
    let workspaceID: UUID?
    let userID: String?
    let conversationID: String?
    let traceID: String?
    let metadata: JSON

    init(_ json: JSON, identity: Identity) throws(ProblemError) {
        let body = ObjectReader(json)
        let workflow = body.string("workflow", isRequired: true, maxLength: 100)
        version = body.string("version")
        input = body.object("input") ?? [:]
        config = body.object("config") ?? [:]
        priority = body.integer("priority", in: -1000...1000) ?? 0
        runAt = body.timestamp("run_at")
        let workspace = body.string("workspace_id", maxLength: 36)
        workspaceID = workspace.flatMap { UUID(text: $0) }
        if workspace != nil, workspaceID == nil { body.report("must be a UUID", at: "workspace_id") }

        let context = body.nested("context")
        let userID = context?.userID(identity)
        conversationID = context?.string("conversation_id")
        let traceID = context?.string("trace_id")?.lowercased()
        if let traceID, !Self.isTraceID(traceID) {
            context?.report("must have 32 hexadecimal digits, not all 0", at: "trace_id")
        }
        metadata = context?.object("metadata") ?? [:]
        context?.refuseUnknownKeys()
        try body.finish()
        self.workflow = workflow ?? ""
        self.userID = userID
        self.traceID = traceID
    }

    /// The whole context of the task. The identity comes from the credentials, the rest from the request.
    func executionContext(_ identity: Identity, taskID: UUID, traceParent: String?) -> ExecutionContext {
        ExecutionContext(
            tenantID: identity.scope.tenantID, userID: userID ?? identity.scope.userID, conversationID: conversationID,
            taskID: taskID, traceID: traceID ?? Self.traceID(in: traceParent) ?? Self.newTraceID(), metadata: metadata)
    }

    /// The trace of a `traceparent` header (W3C Trace Context, 3.2): `00-<trace id>-<parent id>-<flags>`.
    private static func traceID(in traceParent: String?) -> String? {
        guard let parts = traceParent?.split(separator: "-"), parts.count >= 4 else { return nil }
        let id = String(parts[1])
        return isTraceID(id) ? id : nil
    }

    private static func isTraceID(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.contains { $0 != UInt8(ascii: "0") }
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func newTraceID() -> String {
        UUID().text.replacing("-", with: "")
    }
}

extension APIEnvironment {
    /// The response to an earlier request with the same key; nil when there was none. To be called before the request is
    /// checked, because the workflow may have been archived since.
    func recorded(_ idempotency: IdempotentRequest?, _ scope: Scope) async throws -> Response? {
        guard let idempotency else { return nil }
        return try await store.recordedResponse(scope, idempotency).map { .recorded(($0, true)) }
    }
}
