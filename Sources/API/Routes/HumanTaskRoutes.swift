import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// The inbox: human tasks, and what people do with them.
struct HumanTaskRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/human-tasks", use: list)
        routes.get("/api/v1/human-tasks/{id}", use: show)
        routes.post("/api/v1/human-tasks/{id}/claim") { request, context in
            try await act(request, context) { _ in .claim }
        }
        routes.post("/api/v1/human-tasks/{id}/complete") { request, context in
            try await act(request, context) { .complete($0.value("data") ?? .null) }
        }
        routes.post("/api/v1/human-tasks/{id}/reassign") { request, context in
            try await act(request, context, reassignment)
        }
        routes.post("/api/v1/human-tasks/{id}/cancel") { request, context in
            try await act(request, context) { _ in .cancel }
        }
    }

    private func list(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        var filter = HumanTaskFilter()
        filter.statuses = query.words("status", as: HumanTaskStatus.self).map(\.rawValue)
        filter.assigneeID = query.string("assignee")
        filter.assigneeGroup = query.string("group")
        filter.isOverdue = query.boolean("overdue")
        if query.boolean("mine") == true {
            filter.mine = (context.identity.principal.userID, context.identity.principal.groups.sorted())
        }
        let page = query.page()
        try query.finish()
        return .json(try await api.store.humanTasks(context.scope, filter, page).json)
    }

    private func show(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        guard let view = try await api.store.humanTask(context.scope, id) else {
            throw ProblemError(.notFound, "There is no human task \(id.text).")
        }
        return .row(view.json, tag: String(view.version), for: request)
    }

    private func reassignment(_ body: ObjectReader) -> HumanTaskAction {
        let (id, group) = (body.string("assignee_id"), body.string("assignee_group"))
        if id == nil, group == nil, body.problems.isEmpty {
            body.report("is required, or assignee_group", at: "assignee_id")
        }
        return .reassign(assigneeID: id, assigneeGroup: group)
    }

    /// - Parameter action: reads what it needs out of the body. Everything else in the body is refused.
    private func act(
        _ request: Request, _ context: PressroomRequestContext, _ action: (ObjectReader) -> HumanTaskAction
    ) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        let versions = try Preconditions(request).requiredVersions()
        let json = try await request.optionalJSON(upTo: api.bodyLimit) ?? [:]
        let body = ObjectReader(json)
        let wanted = action(body)
        try body.finish()
        let idempotency = try request.idempotency(body: json.canonicalText)
        // A ticket acts for the person whom it was made for; the actor stays its maker.
        let scope = Scope(
            tenantID: context.scope.tenantID, userID: context.identity.personID, actor: context.scope.actor,
            sight: context.scope.sight)
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            let view = try await api.store.actOnHumanTask(
                on: connection, scope, id, wanted, ifVersion: versions, by: context.identity.principal)
            return RecordedResponse(status: 200, body: view.json, about: .humanTask(id))
        }
        return .recorded(result, tag: (try? JSON(parsing: result.response.body.bytes, limits: .stored))?["version"]?.int.map(String.init))
    }
}
