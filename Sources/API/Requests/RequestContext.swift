import Base
import Foundation
import Hummingbird
import NIOCore
import Store
import Workflow

/// What the routes know of a request beside the request itself.
struct PressroomRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection, for streams that write to it directly.
    let channel: any Channel
    /// Whether the connection is a stream of HTTP/2.
    var isHTTP2 = false
    /// Whether the request is of HTTP/1.0, which knows no chunks.
    var isHTTP10 = false
    var identity: Identity

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        identity = .nobody
    }

    /// The scope of the store's statements.
    var scope: Scope { identity.scope }
}

extension PressroomRequestContext {
    /// A part of the path that is an id.
    func uuid(_ name: String) throws(ProblemError) -> UUID {
        let text = try text(name)
        guard let id = UUID(text: text) else {
            throw ProblemError(
                .malformed, "\(name) in the path is not a UUID.",
                errors: [Problem(pointer: "/path/\(name)", detail: "must be a UUID")])
        }
        return id
    }

    /// A part of the path, decoded.
    func text(_ name: String) throws(ProblemError) -> String {
        guard let text = parameters.get(name)?.strictlyPercentDecoded, !text.isEmpty else {
            throw ProblemError(
                .malformed, "\(name) in the path is not valid percent-encoded UTF-8.",
                errors: [Problem(pointer: "/path/\(name)", detail: "is not valid percent-encoded UTF-8")])
        }
        return text
    }
}

/// The sender of a request, made from its credentials in one place (`Authentication`).
struct Identity: Sendable, Hashable {
    let scope: Scope
    /// Whether a task may be started in the name of another user: without authentication no request names its own.
    let mayNameOtherUsers: Bool

    init(tenantID: String, userID: String, mayNameOtherUsers: Bool = false) {
        scope = Scope(tenantID: tenantID, userID: userID)
        self.mayNameOtherUsers = mayNameOtherUsers
    }

    /// Before the sender is identified: a tenant that does not exist, so that no row is visible by mistake.
    static let nobody = Identity(tenantID: "", userID: "")
}

/// How a node identifies the sender of a request. The only place where an identity is made.
package enum Authentication: Sendable {
    /// No credentials: every request is sent by user `local` of tenant `default`.
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
