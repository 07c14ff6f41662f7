package import HTTPTypes
package import Hummingbird
import NIOCore
package import Workflow

/// A refusal that the client gets as `application/problem+json` (RFC 9457).
package struct ProblemError: HTTPResponseError, Sendable {
    package var status: HTTPResponse.Status
    package var kind: ProblemKind
    /// What went wrong this time, for people.
    package var detail: String
    /// The places in the request that are wrong, each by a JSON Pointer.
    ///
    /// A pointer begins at the body. What is not in the body stands under `/query`, `/path` and `/headers`.
    package var errors: [Problem]
    package var headers: HTTPFields
    /// Members beside those of the RFC, such as the `current_status` of a row.
    package var extensions: [String: JSON]

    package init(
        _ kind: ProblemKind, _ detail: String, errors: [Problem] = [], headers: HTTPFields = [:],
        extensions: [String: JSON] = [:]
    ) {
        self.status = kind.status
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.extensions = extensions
    }

    /// The document; `instance` is the path of the request.
    package func json(instance: String) -> JSON {
        var members = extensions
        members["type"] = .string(kind.type)
        members["title"] = .string(kind.title)
        members["status"] = .integer(Int64(status.code))
        members["detail"] = .string(detail)
        members["instance"] = .string(instance)
        if !errors.isEmpty { members["errors"] = .array(errors.map(\.json)) }
        return .object(members)
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json(instance: request.uri.path).utf8)))
    }
}

extension ProblemError: CustomStringConvertible {
    package var description: String {
        "\(status.code) \(kind.name): \(detail)" + errors.map { "; \($0.pointer) \($0.detail)" }.joined()
    }
}

extension Problem {
    /// `{"pointer", "detail"}`, and the `line` where it is known.
    var json: JSON {
        var members: [String: JSON] = ["pointer": .string(pointer), "detail": .string(detail)]
        if let line { members["line"] = .integer(Int64(line)) }
        return .object(members)
    }
}
