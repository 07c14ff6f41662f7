import Base
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// The entity tags of `If-Match` and `If-None-Match` (RFC 9110, 13.1).
struct Preconditions {
    private let ifMatch: String?
    private let ifNoneMatch: String?

    init(_ request: Request) {
        ifMatch = request.headers[.ifMatch]
        ifNoneMatch = request.headers[.ifNoneMatch]
    }

    /// Whether the client has a version and asks only for another one.
    var isConditional: Bool { ifNoneMatch != nil }

    /// Whether the client has this version already.
    func isKnown(_ tag: String) -> Bool {
        guard let ifNoneMatch else { return false }
        return ifNoneMatch == "*" || Self.tags(ifNoneMatch)?.contains(tag) == true
    }

    /// The versions of which the row must have one; nil for any.
    ///
    /// Versions are exact, so a weak tag means the same as a strong one: a proxy that compresses makes tags weak.
    func requiredVersions() throws(ProblemError) -> RowVersions? {
        guard let ifMatch, ifMatch != "*" else { return nil }
        guard let tags = Self.tags(ifMatch), !tags.isEmpty else {
            let rule = "must be versions in double quotes with commas between them, or *"
            throw ProblemError(
                .malformed, "If-Match \(rule).", errors: [Problem(pointer: "/headers/if-match", detail: rule)])
        }
        return RowVersions(tags)
    }

    /// The opaque parts of a list of entity tags (RFC 9110, 8.8.3); nil for another text. A tag may hold commas.
    private static func tags(_ text: String) -> [String]? {
        var tags: [String] = []
        var rest = text[...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," }
            guard !rest.isEmpty else { return tags }
            if rest.hasPrefix("W/") { rest = rest.dropFirst(2) }
            guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else { return nil }
            tags.append(String(rest[rest.index(after: rest.startIndex)..<end]))
            rest = rest[rest.index(after: end)...].drop { $0 == " " || $0 == "\t" }
            guard rest.isEmpty || rest.first == "," else { return nil }
        }
    }
}

extension Request {
    /// The request as its `Idempotency-Key` names it; nil without the header.
    func idempotency(body: String) throws(ProblemError) -> IdempotentRequest? {
        guard let key = headers[.idempotencyKey] else { return nil }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw ProblemError(
                .malformed, "Idempotency-Key must have 1 to 255 printable ASCII characters.",
                errors: [
                    Problem(pointer: "/headers/idempotency-key", detail: "must have 1 to 255 printable ASCII characters")
                ])
        }
        let query = uri.query.map { "?" + $0 } ?? ""
        return IdempotentRequest(key: key, target: "\(method.rawValue) \(uri.path)\(query)", body: body)
    }
}
