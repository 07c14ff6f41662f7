import Foundation
package import Hummingbird
package import NIOCore
package import Store
import Workflow

/// What the handlers of a request know beside the request itself.
package struct PressroomRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The connection, for streams that write to it directly.
    package let channel: any Channel
    package var isHTTP2 = false
    package var identity: Identity

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        identity = .nobody
    }

    /// For whom the store's statements run.
    package var scope: Scope { identity.scope }
}

extension PressroomRequestContext {
    /// A part of the path that is an id.
    func uuid(_ name: String) throws(ProblemError) -> UUID {
        let text = try text(name)
        guard let id = UUID(strict: text) else {
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

/// Who sends a request: made in one place (`Authentication`), out of the credentials.
package struct Identity: Sendable, Hashable {
    package let scope: Scope
    /// Whether a task may be started in the name of another user; so without authentication, where nobody has a name.
    package let mayNameOtherUsers: Bool

    package init(tenantID: String, userID: String, mayNameOtherUsers: Bool = false) {
        scope = Scope(tenantID: tenantID, userID: userID)
        self.mayNameOtherUsers = mayNameOtherUsers
    }

    /// Before anybody is identified: a tenant that does not exist, so that nothing can be seen by mistake.
    static let nobody = Identity(tenantID: "", userID: "")
}

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
