import Base
import HTTPTypes
import Hummingbird
import NIOCore
import Workflow

/// A problem that the client gets as `application/problem+json` (RFC 9457).
struct ProblemError: HTTPResponseError, Sendable {
    var status: HTTPResponse.Status
    var kind: ProblemKind
    /// What is wrong with this request, for people.
    var detail: String
    /// The wrong places in the request, each with a JSON Pointer. A pointer is relative to the body, or begins with
    /// `/query`, `/path` or `/headers`.
    var errors: [Problem]
    var headers: HTTPFields
    /// Members beyond those of the RFC, such as the `current_status` of a row.
    var extensions: JSONObject

    init(
        _ kind: ProblemKind, _ detail: String, errors: [Problem] = [], headers: HTTPFields = [:],
        extensions: JSONObject = [:]
    ) {
        self.status = kind.status
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.extensions = extensions
    }

    /// The problem as a document.
    /// - Parameter instance: the path of the request.
    func json(instance: String) -> JSON {
        var members = extensions
        members["type"] = .string(kind.type)
        members["title"] = .string(kind.title)
        members["status"] = .integer(Int64(status.code))
        members["detail"] = .string(detail)
        members["instance"] = .string(instance)
        if !errors.isEmpty { members["errors"] = .array(errors.map(\.json)) }
        return .object(members)
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json(instance: request.uri.path).utf8)))
    }
}

extension ProblemError: CustomStringConvertible {
    var description: String {
        "\(status.code) \(kind.name): \(detail)" + errors.map { "; \($0.pointer) \($0.detail)" }.joined()
    }
}

extension Problem {
    /// `{"pointer", "detail"}`, with the `line` where it is known.
    var json: JSON {
        var members: JSONObject = ["pointer": .string(pointer), "detail": .string(detail)]
        if let line { members["line"] = .integer(Int64(line)) }
        return .object(members)
    }
}

/// The kinds of problems. A client may decide by their `type`.
struct ProblemKind: Sendable, Hashable {
    /// The last part of `type`.
    let name: String
    let title: String
    let status: HTTPResponse.Status

    var type: String { "urn:pressroom:problem:\(name)" }

    init(name: String, title: String, status: HTTPResponse.Status) {
        self.name = name
        self.title = title
        self.status = status
    }

    static let malformed = Self(name: "malformed", title: "Malformed request", status: .badRequest)
    static let unauthorized = Self(name: "unauthorized", title: "Not authenticated", status: .unauthorized)
    static let forbidden = Self(name: "forbidden", title: "Not allowed", status: .forbidden)
    static let notFound = Self(name: "not-found", title: "Not found", status: .notFound)
    static let methodNotAllowed = Self(
        name: "method-not-allowed", title: "Method not allowed", status: .methodNotAllowed)
    static let timeout = Self(name: "timeout", title: "Request not sent in time", status: .requestTimeout)
    static let conflict = Self(name: "conflict", title: "Conflict", status: .conflict)
    static let stale = Self(name: "stale", title: "Changed in the meantime", status: .preconditionFailed)
    static let tooLarge = Self(name: "too-large", title: "Too large", status: .contentTooLarge)
    static let unsupportedMediaType = Self(
        name: "unsupported-media-type", title: "Unsupported media type", status: .unsupportedMediaType)
    static let misdirected = Self(name: "misdirected", title: "Not served here", status: .misdirectedRequest)
    static let invalid = Self(name: "invalid", title: "Invalid", status: .unprocessableContent)
    static let tooManyRequests = Self(
        name: "too-many-requests", title: "Too many requests", status: .tooManyRequests)
    static let headersTooLarge = Self(
        name: "headers-too-large", title: "Header fields too large", status: .requestHeaderFieldsTooLarge)
    static let internalError = Self(name: "internal", title: "Internal error", status: .internalServerError)
    static let unavailable = Self(name: "unavailable", title: "Unavailable", status: .serviceUnavailable)
}
