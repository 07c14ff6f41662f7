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
        if ifNoneMatch == "*" { return true }
        return ifNoneMatch.split(separator: ",").contains { candidate in
            let text = candidate.drop { $0 == " " || $0 == "\t" }
            let strong = text.hasPrefix("W/") ? text.dropFirst(2) : text
            return strong.prefix { $0 != " " && $0 != "\t" } == "\"\(tag)\""
        }
    }

    /// The tag that the row must have; nil for any.
    func requiredTag() throws(ProblemError) -> String? {
        guard let ifMatch, ifMatch != "*" else { return nil }
        let tag = ifMatch.dropFirst().dropLast()
        guard ifMatch.count >= 2, ifMatch.hasPrefix("\""), ifMatch.hasSuffix("\""), !tag.contains("\""), !tag.isEmpty else {
            throw ProblemError(
                .malformed, "If-Match must be one version in double quotes, or *.",
                errors: [Problem(pointer: "/headers/if-match", detail: "must be one version in double quotes, or *")])
        }
        return String(tag)
    }

    /// The version that the row must have; nil for any.
    func requiredVersion() throws(ProblemError) -> Int64? {
        guard let tag = try requiredTag() else { return nil }
        guard let version = Int64(tag) else {
            throw ProblemError(.stale, "If-Match names \"\(tag)\", which no version of this row ever was.")
        }
        return version
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
        return IdempotentRequest(key: key, target: "\(method.rawValue) \(uri.path)", body: body)
    }
}
