import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import Workflow

/// A workflow as a Mermaid flowchart; with `task_id`, in the colours of that task.
struct GraphRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/workflows/{name}/graph", use: graph)
    }

    private func graph(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let taskID = query.uuid("task_id")
        try query.finish()
        let name = try context.text("name")
        let scope = context.scope
        let id: UUID
        var statuses: [String: PhaseStatus] = [:]
        if let taskID {
            guard let task = try await api.store.phaseStatuses(scope, taskID), task.workflowName == name else {
                throw ProblemError(.notFound, "There is no task \(taskID.uuidString.lowercased()) of a workflow \(name).")
            }
            (id, statuses) = (task.workflowID, task.statuses)
        } else {
            guard let workflow = try await api.store.latestWorkflow(scope, name: name) else {
                throw ProblemError(.notFound, "There is no active version of a workflow \(name).")
            }
            id = workflow.id
        }
        guard let entry = try await api.definitions.entry(api.store, scope, id: id) else {
            throw ProblemError(.notFound, "There is no workflow \(name).")
        }
        let text = MermaidGraph(entry.definition, statuses: statuses).text
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
