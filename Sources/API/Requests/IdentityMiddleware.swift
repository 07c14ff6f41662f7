import Hummingbird

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
