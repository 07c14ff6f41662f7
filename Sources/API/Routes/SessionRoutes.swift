import Access
import Base
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import Workflow

/// Who the sender is, and the page's sign-in.
struct SessionRoutes: Sendable {
    static let path = "/api/v1/session"

    let api: APIEnvironment
    let access: AccessMiddleware

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/me", use: show)
        routes.get(Self.path, use: show)
        routes.post(Self.path, use: signIn)
        routes.delete(Self.path, use: signOut)
    }

    private func show(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        return .json(context.identity.principal.json)
    }

    /// Takes a key or a token for a cookie. Without authentication there is nothing to take.
    private func signIn(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let body = ObjectReader(try await request.optionalJSON(upTo: api.bodyLimit) ?? [:])
        let given = body.string("credential", maxLength: 16_384)
        try body.finish()
        guard api.configuration.authentication == .required else { return .json(Principal.local.json, status: .created) }
        let principal: Principal
        do {
            let (credential, _) = RequestCredential.taken(from: request)
            principal =
                if let given { try await api.authenticator.principal(bearer: given) } else {
                    try await api.authenticator.principal(credential)
                }
        } catch let error as CredentialError {
            throw access.refusal(error, context)
        }
        // What is kept of sessions that are signed out of is bounded by this.
        try access.count(principal)
        let session = try await api.authenticator.session(for: principal)
        var response = Response.json(principal.json, status: .created)
        response.headers[.setCookie] = SessionCookie.header(
            session.text, expiresAt: session.expiresAt, isSecure: request.head.scheme == "https" || api.configuration.certificate != nil)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// Ends the session of the cookie, whatever else the request carries: a copy of the cookie opens nothing any more either.
    private func signOut(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        try await request.expectNoBody(upTo: api.bodyLimit)
        if api.configuration.authentication == .required, let session = SessionCookie.value(in: request.headers[values: .cookie]) {
            do { try await api.authenticator.endSession(session) } catch let error as CredentialError { throw ProblemError(error) }
        }
        let isSecure = request.head.scheme == "https" || api.configuration.certificate != nil
        return Response(status: .noContent, headers: [.setCookie: SessionCookie.removal(isSecure: isSecure)])
    }
}

extension Principal {
    /// The body of `GET /me`.
    var json: JSON {
        [
            "tenant_id": .string(tenantID), "user_id": .string(userID), "groups": .array(groups.sorted().map(JSON.string)),
            "scopes": .array(AccessScope.allCases.filter(scopes.contains).map { .string($0.rawValue) }),
            "mode": .string(mode.rawValue), "key_id": keyID.map(JSON.string) ?? .null,
            "workspace_id": onlyWorkspaceID.map { .string($0.text) } ?? .null,
            "workspaces": .array(
                workspaces.sorted { $0.key.text < $1.key.text }.map { id, level in
                    ["workspace_id": .string(id.text), "access": .string(level.rawValue)]
                }),
            "is_tenant_admin": .bool(isTenantAdmin), "tenant_suspended": .bool(isTenantSuspended),
            "expires_at": expiresAt.map { .string(Timestamp($0).text) } ?? .null,
        ]
    }
}
