import Access
import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// API keys: add, list, revoke.
struct APIKeyRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/api-keys", use: list)
        routes.post("/api/v1/api-keys", use: create)
        routes.delete("/api/v1/api-keys/{id}", use: revoke)
    }

    private func list(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try context.identity.requireTenantAdmin()
        var query = QueryReader(request)
        let page = query.page()
        try query.finish()
        return .json(try await api.store.apiKeys(context.scope, page).json)
    }

    /// The response holds the whole key, once. What is kept for a repeated request has `key: null`.
    private func create(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try context.identity.requireTenantAdmin()
        try QueryReader(request).finish()
        let json = try await request.json(upTo: api.bodyLimit)
        let idempotency = try request.idempotency(body: json.canonicalText)
        let scope = context.scope
        // A repeat comes before the checks: `expires_at` may have passed since.
        if let recorded = try await api.recorded(idempotency, scope) { return recorded.notStored }
        let key = APIKey()
        let new = try Self.newKey(key, ObjectReader(json), context.identity.principal)
        var result = try await api.store.writeOnce(scope, idempotency) { transaction in
            let row = try await api.store.createAPIKey(on: transaction, scope, new)
            var members = (try JSON(parsing: row.bytes, limits: .stored)).object ?? [:]
            members["key"] = .null
            let id = members["id"]?.string ?? ""
            return RecordedResponse(status: 201, location: "/api/v1/api-keys/\(id)", body: JSONText(JSON.object(members).text))
        }
        if !result.isRepeated {
            var members = (try JSON(parsing: result.response.body.bytes, limits: .stored)).object ?? [:]
            members["key"] = .string(key.text)
            result.response = RecordedResponse(
                status: result.response.status, location: result.response.location, body: JSONText(JSON.object(members).text))
        }
        return Response.recorded(result).notStored
    }

    /// A key can do no more than the credential that makes it.
    private static func newKey(
        _ key: APIKey, _ body: ObjectReader, _ principal: Principal
    ) throws(ProblemError) -> NewAPIKey {
        let userID = body.string("user_id") ?? principal.userID
        let scopes = body.strings("scopes", maxCount: 20, maxLength: 20) ?? ["read"]
        for (index, scope) in scopes.enumerated() {
            let pointer = "scopes/\(index)"
            if let scope = AccessScope(rawValue: scope) {
                if !principal.has(scope) { body.report("is a scope that you do not have", at: pointer) }
            } else {
                body.report("must be one of \(AccessScope.allCases.map(\.rawValue).joined(separator: ", "))", at: pointer)
            }
        }
        if scopes.isEmpty { body.report("must not be empty", at: "scopes") }
        let expiry = body.timestamp("expires_at").flatMap { Timestamp(rfc3339: $0) }
        if let expiry, expiry.date <= .now { body.report("must be in the future", at: "expires_at") }
        var workspaceID: UUID?
        if let text = body.string("workspace_id", maxLength: 36) {
            workspaceID = UUID(text: text)
            if workspaceID == nil { body.report("must be a UUID", at: "workspace_id") }
        }
        let new = NewAPIKey(
            name: body.string("name") ?? userID, keyID: key.keyID, secretHash: key.secretHash, userID: userID,
            groups: body.strings("groups", maxCount: 100, maxLength: 200) ?? [],
            scopes: AccessScope.allCases.filter { scopes.contains($0.rawValue) }, workspaceID: workspaceID, expiresAt: expiry?.date)
        try body.finish()
        return new
    }

    private func revoke(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try context.identity.requireTenantAdmin()
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        try await request.expectNoBody(upTo: api.bodyLimit)
        _ = try await api.store.revokeAPIKey(context.scope, id)
        return Response(status: .noContent)
    }
}

extension Response {
    /// The response as no cache may keep it.
    fileprivate var notStored: Response {
        var response = self
        response.headers[.cacheControl] = "no-store"
        return response
    }
}

extension Identity {
    /// The tenant's keys and workspaces are for those who see everything in it.
    func requireTenantAdmin() throws(ProblemError) {
        guard principal.isTenantAdmin else {
            throw ProblemError(.forbidden, "This is for admins of the tenant, and not of a workspace.")
        }
    }
}
