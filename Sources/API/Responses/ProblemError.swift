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

/// The kinds of refusals; their `type` is what a client may decide by.
package struct ProblemKind: Sendable, Hashable {
    /// The last part of `type`.
    package let name: String
    package let title: String
    package let status: HTTPResponse.Status

    package var type: String { "urn:pressroom:problem:\(name)" }

    package init(name: String, title: String, status: HTTPResponse.Status) {
        self.name = name
        self.title = title
        self.status = status
    }

    package static let malformed = Self(name: "malformed", title: "Malformed request", status: .badRequest)
    package static let unauthorized = Self(name: "unauthorized", title: "Not authenticated", status: .unauthorized)
    package static let forbidden = Self(name: "forbidden", title: "Not allowed", status: .forbidden)
    package static let notFound = Self(name: "not-found", title: "Not found", status: .notFound)
    package static let methodNotAllowed = Self(
        name: "method-not-allowed", title: "Method not allowed", status: .methodNotAllowed)
    package static let timeout = Self(name: "timeout", title: "Request not sent in time", status: .requestTimeout)
    package static let conflict = Self(name: "conflict", title: "Conflict", status: .conflict)
    package static let stale = Self(name: "stale", title: "Changed in the meantime", status: .preconditionFailed)
    package static let tooLarge = Self(name: "too-large", title: "Too large", status: .contentTooLarge)
    package static let unsupportedMediaType = Self(
        name: "unsupported-media-type", title: "Unsupported media type", status: .unsupportedMediaType)
    package static let invalid = Self(name: "invalid", title: "Invalid", status: .unprocessableContent)
    package static let tooManyRequests = Self(
        name: "too-many-requests", title: "Too many requests", status: .tooManyRequests)
    package static let headersTooLarge = Self(
        name: "headers-too-large", title: "Header fields too large", status: .requestHeaderFieldsTooLarge)
    package static let internalError = Self(name: "internal", title: "Internal error", status: .internalServerError)
    package static let unavailable = Self(name: "unavailable", title: "Unavailable", status: .serviceUnavailable)
}
