import Hummingbird

/// How a node finds out who sends a request. The one place where an identity is made.
package enum Authentication: Sendable {
    /// Nobody is asked: everything belongs to tenant `default` and user `local`.
    case none

    func identity(of request: Request) throws(ProblemError) -> Identity {
        switch self {
        case .none: Identity(tenantID: "default", userID: "local", mayNameOtherUsers: true)
        }
    }
}

/// Puts the identity of the sender into the context of every request below `/api/`.
struct IdentityMiddleware: RouterMiddleware {
    let authentication: Authentication

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path.hasPrefix("/api/") else { return try await next(request, context) }
        var context = context
        context.identity = try authentication.identity(of: request)
        return try await next(request, context)
    }
}
