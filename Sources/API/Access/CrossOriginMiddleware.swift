import HTTPTypes
import Hummingbird

/// Lets pages of allowed origins read responses (CORS, the Fetch standard): preflights, and headers on every response,
/// problems and streams among them. For every other page the browser withholds them.
struct CrossOriginMiddleware: RouterMiddleware {
    let origins: OriginRules
    let table: RouteTable

    private static let allowedHeaders = [
        "authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "last-event-id", "cache-control",
        "traceparent",
    ].joined(separator: ", ")
    private static let exposedHeaders = "ETag, Location, Retry-After, Idempotency-Replayed"
    /// How long a browser may keep the answer to a preflight, in seconds.
    private static let maxAge = "600"

    func handle(
        _ request: Request, context: PressroomRequestContext,
        next: (Request, PressroomRequestContext) async throws -> Response
    ) async throws -> Response {
        guard !origins.isEmpty else { return try await next(request, context) }
        guard let text = request.headers[.origin], let match = WebOrigin(text).flatMap(origins.match) else {
            var response = try await next(request, context)
            response.headers.append(HTTPField(name: .vary, value: "Origin"))
            return response
        }
        var response = isPreflight(request) ? preflight(request) : try await next(request, context)
        response.headers[.accessControlAllowOrigin] = text
        response.headers[.accessControlExposeHeaders] = Self.exposedHeaders
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        if match == .exact { response.headers[.accessControlAllowCredentials] = "true" }
        return response
    }

    private func isPreflight(_ request: Request) -> Bool {
        request.method == .options && request.headers[.accessControlRequestMethod] != nil
    }

    private func preflight(_ request: Request) -> Response {
        Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: table.methods(for: request.uri.path).joined(separator: ", "),
                .accessControlAllowHeaders: Self.allowedHeaders, .accessControlMaxAge: Self.maxAge,
            ])
    }
}

/// The origins besides the service's own whose pages may use it: exact ones, or all below a name, `https://*.example.com`.
struct OriginRules: Sendable {
    enum Match: Sendable {
        case exact
        /// Below a name: for requests without credentials of the browser.
        case below
    }

    private let exact: Set<WebOrigin>
    private let parents: [WebOrigin]

    init(_ origins: [WebOrigin]) {
        exact = Set(origins.filter { !$0.isPattern })
        parents = origins.filter(\.isPattern)
    }

    var isEmpty: Bool { exact.isEmpty && parents.isEmpty }

    func match(_ origin: WebOrigin) -> Match? {
        guard !origin.isPattern else { return nil }
        if exact.contains(origin) { return .exact }
        let isBelow = parents.contains { parent in
            let suffix = parent.authority.host.dropFirst()  // .example.com
            return parent.scheme == origin.scheme && parent.authority.port == origin.authority.port
                && origin.authority.host.hasSuffix(suffix) && origin.authority.host.utf8.count > suffix.utf8.count
        }
        return isBelow ? .below : nil
    }
}

extension WebOrigin {
    /// Whether it stands for all origins below a name.
    fileprivate var isPattern: Bool { authority.host.hasPrefix("*.") }
}
