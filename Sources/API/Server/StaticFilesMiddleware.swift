import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOPosix

/// Serves the board and `/openapi.json` for paths that no route has; never below `/api/`.
struct StaticFilesMiddleware: RouterMiddleware {
    private let files: FileMiddleware<PressroomRequestContext, LocalFileSystem>

    init(directory: String, logger: Logger) {
        files = FileMiddleware(
            directory, cacheControl: CacheControl([]), searchForIndexHtml: true, logger: logger
        ).withAdditionalMediaType(.init(type: .text, subType: "javascript"), mappedToFileExtension: "mjs")
    }

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        guard !path.hasPrefix("/api/") else { return try await next(request, context) }
        guard let plain = path.strictlyPercentDecoded, !plain.contains("..") else {
            throw ProblemError(.notFound, "There is nothing at this path.")
        }
        var response = try await files.handle(request, context: context, next: next)
        if context.endpointPath == "FileMiddleware" { response.headers[.cacheControl] = "no-cache" }
        return response
    }
}
