import HTTPTypes
import Hummingbird

/// Headers that keep a page from loading anything from elsewhere, and a browser from guessing types.
struct SecurityHeadersMiddleware: RouterMiddleware {
    private static let policy =
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.contentSecurityPolicy] = Self.policy
        if let name = HTTPField.Name("referrer-policy") { response.headers[name] = "no-referrer" }
        return response
    }
}
