import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// What a client does to a task: transitions, custom events, signals.
struct TaskActionRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        for action in TaskAction.allCases {
            routes.post("/api/v1/tasks/{task_id}/\(action.rawValue)") { request, context in
                try await perform(action, request, context)
            }
        }
        routes.post("/api/v1/tasks/{task_id}/events", use: appendEvent)
        routes.post("/api/v1/tasks/{task_id}/signals/{name}", use: signal)
    }

    private func perform(
        _ action: TaskAction, _ request: Request, _ context: PressroomRequestContext
    ) async throws -> Response {
        try QueryReader(request).finish()
        let taskID = try context.uuid("task_id")
        let versions = try Preconditions(request).requiredVersions()
        try await request.expectNoBody(upTo: api.bodyLimit)
        let view = try await api.store.transitionTask(context.scope, taskID, action, ifVersion: versions)
        return .json(view.json, tag: String(view.version))
    }

    private func appendEvent(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let taskID = try context.uuid("task_id")
        let json = try await request.json(upTo: api.bodyLimit)
        let idempotency = try request.idempotency(body: json.canonicalText)
        let body = ObjectReader(json)
        let type = body.string("type") ?? EventType.custom.rawValue
        if !EventType.isCustom(type) {
            body.report("must be custom, or custom. and 1 to 64 of A-Z a-z 0-9 _ - .", at: "type")
        }
        if body.isObject, !body.has("data") { body.report("is required", at: "data") }
        let data = body.value("data") ?? .null
        try body.finish()
        let (scope, event) = (context.scope, CustomEvent(taskID: taskID, type: type, data: data))
        guard let idempotency else {
            let cursor = try await api.store.appendCustomEvent(scope, event)
            return .recorded((Self.accepted(cursor), isRepeated: false))
        }
        return .recorded(
            try await api.store.writeOnce(scope, idempotency) { connection in
                Self.accepted(try await api.store.appendCustomEvent(on: connection, scope, event), about: taskID)
            })
    }

    private static func accepted(_ cursor: Cursor, about taskID: UUID? = nil) -> RecordedResponse {
        RecordedResponse(
            status: 202, body: JSONText("{\"cursor\":\"\(cursor)\"}"), about: taskID.map(RecordedResponse.Subject.task))
    }

    private func signal(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let taskID = try context.uuid("task_id")
        let name = try context.text("name")
        guard name.unicodeScalars.count <= 100 else {
            throw ProblemError(
                .malformed, "The signal's name is too long.",
                errors: [Problem(pointer: "/path/name", detail: "must have at most 100 characters")])
        }
        let json = try await request.optionalJSON(upTo: api.bodyLimit)
        let body = ObjectReader(json ?? [:])
        let data = body.value("data") ?? .null
        try body.finish()
        let idempotency = try request.idempotency(body: (json ?? .null).text)
        let scope = context.scope
        try await refuseUnknownSignal(name, taskID, scope)
        let signal: JSON = ["task_id": .string(taskID.text), "name": .string(name)]
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            try await api.store.addSignal(on: connection, scope, taskID: taskID, name: name, data: data)
            return RecordedResponse(status: 202, body: JSONText(signal.text), about: .task(taskID))
        }
        return .recorded(result)
    }

    /// Refuses a signal that no phase of the task's workflow waits for. A task that is not there is left to the store.
    private func refuseUnknownSignal(_ name: String, _ taskID: UUID, _ scope: Scope) async throws {
        guard let workflow = try? await api.store.workflowVersions(scope, ofTasks: [taskID]).values.first?.definition else { return }
        let known = workflow.signalNames
        guard !known.contains(name) else { return }
        let waits = known.isEmpty ? "it waits for none" : "it waits for: \(known.joined(separator: ", "))"
        throw ProblemError(
            .invalid, "\(workflow.name) \(workflow.version) waits for no signal \(name); \(waits).",
            errors: [Problem(pointer: "/path/name", detail: "is no signal of the workflow; \(waits)")])
    }
}
