package import HTTPTypes

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
