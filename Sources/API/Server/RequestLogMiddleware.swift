import Hummingbird
import Logging

/// Logs each request with its status and time, at `debug`.
struct RequestLogMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        guard context.logger.logLevel <= .debug else { return try await next(request, context) }
        let start = ContinuousClock.now
        let response = try await next(request, context)
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)", "time": "\(ContinuousClock.now - start)",
            ])
        return response
    }
}
