import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// Workspaces and their members.
struct WorkspaceRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/workspaces", use: list)
        routes.post("/api/v1/workspaces", use: create)
        routes.get("/api/v1/workspaces/{id}", use: show)
        routes.patch("/api/v1/workspaces/{id}", use: change)
        routes.delete("/api/v1/workspaces/{id}", use: delete)
        routes.get("/api/v1/workspaces/{id}/members", use: members)
        routes.get("/api/v1/workspaces/{id}/members/{member}", use: member)
        routes.put("/api/v1/workspaces/{id}/members/{member}", use: setMember)
        routes.delete("/api/v1/workspaces/{id}/members/{member}", use: removeMember)
    }

    private func list(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let page = query.page()
        try query.finish()
        let principal = context.identity.principal
        let ids = principal.isTenantAdmin ? nil : principal.workspaces.keys.filter { principal.access(toWorkspace: $0) != nil }
        return .json(try await api.store.workspaces(context.scope, ids: ids, page).json)
    }

    private func create(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try context.identity.requireTenantAdmin()
        try QueryReader(request).finish()
        let json = try await request.json(upTo: api.bodyLimit)
        let idempotency = try request.idempotency(body: json.canonicalText)
        let body = ObjectReader(json)
        let name = body.string("name", isRequired: true)
        let description = body.string("description", maxLength: 2_000)
        try body.finish()
        let scope = context.scope
        let result = try await api.store.writeOnce(scope, idempotency) { transaction in
            let view = try await api.store.createWorkspace(on: transaction, scope, name: name ?? "", description: description)
            return RecordedResponse(status: 201, location: "/api/v1/workspaces/\(view.id.text)", body: view.json)
        }
        return .recorded(result, tag: result.isRepeated ? nil : "1")
    }

    private func show(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try workspace(context, for: .read)
        guard let view = try await api.store.workspace(context.scope, id) else { throw Store.noWorkspace(id) }
        return .row(view.json, tag: String(view.version), for: request)
    }

    private func change(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try workspace(context, for: .admin)
        let versions = try Preconditions(request).requiredVersions()
        let body = ObjectReader(try await request.json(upTo: api.bodyLimit))
        let name = body.string("name")
        let hasDescription = body.has("description")
        let description = body.string("description", maxLength: 2_000)
        try body.finish()
        let view = try await api.store.changeWorkspace(
            context.scope, id, name: name, description: hasDescription ? .some(description) : nil, ifVersion: versions)
        return .json(view.json, tag: String(view.version))
    }

    private func delete(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try context.identity.requireTenantAdmin()
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        let versions = try Preconditions(request).requiredVersions()
        try await request.expectNoBody(upTo: api.bodyLimit)
        try await api.store.deleteWorkspace(context.scope, id, ifVersion: versions)
        return Response(status: .noContent)
    }

    private func members(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let page = query.page()
        try query.finish()
        let id = try workspace(context, for: .read)
        guard try await api.store.workspace(context.scope, id) != nil else { throw Store.noWorkspace(id) }
        return .json(try await api.store.workspaceMembers(context.scope, id, page).json)
    }

    private func member(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try workspace(context, for: .read)
        let member = try Self.member(context)
        guard let row = try await api.store.workspaceMember(context.scope, id, member) else {
            throw ProblemError(.notFound, "The workspace has no such member.")
        }
        return .json(row)
    }

    private func setMember(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try workspace(context, for: .admin)
        let member = try Self.member(context)
        let body = ObjectReader(try await request.json(upTo: api.bodyLimit))
        let access: AccessLevel? = body.word("access")
        if access == nil, body.problems.isEmpty { body.report("is required", at: "access") }
        try body.finish()
        return .json(try await api.store.setWorkspaceMember(context.scope, id, member, access ?? .read))
    }

    private func removeMember(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try workspace(context, for: .admin)
        let member = try Self.member(context)
        try await request.expectNoBody(upTo: api.bodyLimit)
        try await api.store.removeWorkspaceMember(context.scope, id, member)
        return Response(status: .noContent)
    }

    /// The workspace of the path, which the sender may use so. One that the sender does not see is not found.
    private func workspace(_ context: PressroomRequestContext, for wanted: AccessLevel) throws(ProblemError) -> UUID {
        let id = try context.uuid("id")
        guard let level = context.identity.principal.access(toWorkspace: id) else {
            throw ProblemError(.notFound, "There is no workspace \(id.text).")
        }
        guard level >= wanted else {
            throw ProblemError(.forbidden, "This takes the access '\(wanted.rawValue)' in the workspace; yours is '\(level.rawValue)'.")
        }
        return id
    }

    private static func member(_ context: PressroomRequestContext) throws(ProblemError) -> Member {
        guard let member = Member(try context.text("member")) else {
            throw ProblemError(
                .malformed, "The member in the path is neither user:<id> nor group:<name>.",
                errors: [Problem(pointer: "/path/member", detail: "must be user:<id> or group:<name>")])
        }
        return member
    }
}
