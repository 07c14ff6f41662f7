import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// A new task from any phase of an old one.
struct ForkRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.post("/api/v1/tasks/{task_id}/fork", use: fork)
    }

    private func fork(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let taskID = try context.uuid("task_id")
        let json = try await request.json(upTo: api.bodyLimit)
        let idempotency = try request.idempotency(body: json.canonicalText)
        let body = ObjectReader(json)
        let phase = body.string("phase", isRequired: true, maxLength: 100)
        let input = body.object("input")
        let config = body.object("config")
        try body.finish()
        let scope = context.scope
        if let recorded = try await api.recorded(idempotency, scope) { return recorded }
        // One snapshot, because the task may run on meanwhile.
        guard let state = try await api.store.taskState(scope, taskID, include: [.versions]) else {
            throw ProblemError.notFound(task: taskID)
        }
        let old: JSON
        do {
            old = try JSON(parsing: state.json.bytes, limits: .stored)
        } catch {
            throw StoreError(.unreadable, "The rows of the task cannot be read: \(error.reason).")
        }
        guard let id = old["task"]?["workflow_id"]?.string.flatMap(UUID.init(text:)),
            let workflow = try await api.store.workflowVersion(scope, id)
        else { throw ProblemError.notFound(task: taskID) }
        var checked: JSON?
        if let input { checked = try await workflow.checkedInput(input) }
        let fork = try TaskFork(
            of: old, workflow: workflow.definition, phase: phase ?? "", input: checked, config: config)
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            let view = try await api.store.forkTask(on: connection, scope, fork)
            return RecordedResponse(
                status: 202, location: "/api/v1/tasks/\(fork.taskID.text)", body: view.json, about: .task(fork.taskID))
        }
        return .recorded(result, tag: result.isRepeated ? nil : "1")
    }
}
