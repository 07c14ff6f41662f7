import Base
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOPosix

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

/// Adds headers that keep a page from loading anything from other origins, and a browser from guessing types.
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
        response.headers[.referrerPolicy] = "no-referrer"
        return response
    }
}

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
        // Files are small, so a request for a part of one gets the whole, as for a range unit that a server does not know.
        var head = request.head
        head.headerFields[.range] = nil
        // The middleware compares whole fields, and not the tags of a list.
        let known = head.headerFields[values: .ifNoneMatch].flatMap { $0.split(separator: ",") }
        if !known.isEmpty { head.headerFields[values: .ifNoneMatch] = known.map { String($0.drop { $0 == " " }) } }
        let whole = Request(head: head, body: request.body)
        var response = try await files.handle(whole, context: context, next: next)
        if context.endpointPath == "FileMiddleware" {
            response.headers[.cacheControl] = "no-cache"
            response.headers[.acceptRanges] = "none"
            // Of a body that a 304 does not have (RFC 9110, section 15.4.5).
            if response.status == .notModified { response.headers[.contentType] = nil }
        }
        return response
    }
}
