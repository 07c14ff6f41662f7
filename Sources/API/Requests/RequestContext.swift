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
