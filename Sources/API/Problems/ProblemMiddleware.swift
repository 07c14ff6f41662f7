import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1

/// Turns every error into a problem document, and a path that exists with other methods into a 405.
///
/// Only what is the service's own fault is logged above `debug`.
struct ProblemMiddleware: RouterMiddleware {
    let table: RouteTable

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            throw error  // the body is not HTTP: the connection answers and closes
        } catch {
            let problem = problem(for: error, request, context)
            log(problem, error, context.logger)
            return try problem.response(from: request, context: context)
        }
    }

    private func problem(for error: any Error, _ request: Request, _ context: PressroomRequestContext) -> ProblemError {
        guard let error = error as? HTTPError, error.status == .notFound, context.endpointPath == "NotFound" else {
            return ProblemError(for: error)
        }
        let allowed = table.methods(for: request.uri.path)
        guard !allowed.isEmpty else { return ProblemError(.notFound, "There is nothing at this path.") }
        let list = allowed.joined(separator: ", ")
        return ProblemError(
            .methodNotAllowed, "\(request.method.rawValue) is not possible here; possible: \(list).",
            headers: [.allow: list])
    }

    private func log(_ problem: ProblemError, _ error: any Error, _ logger: Logger) {
        let level: Logger.Level =
            switch problem.status.code {
            case ..<500: .debug
            case 503: error is CancellationError ? .debug : .warning
            default: .error
            }
        logger.log(
            level: level, "request failed",
            metadata: ["status": "\(problem.status.code)", "error": "\(error)"])
    }
}
