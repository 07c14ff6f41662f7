import Base
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import Workflow

extension Request {
    /// The media type of the body in lower case, without its parameters; nil when none is given.
    var mediaType: String? {
        headers[.contentType]?.split(separator: ";", maxSplits: 1).first?
            .trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// The body as bytes. A longer one gets 413, before it is read if its length is announced.
    func bytes(upTo limit: Int) async throws -> [UInt8] {
        let tooLarge = ProblemError(.tooLarge, "The body must have at most \(limit) bytes.")
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        do {
            return Array(buffer: try await body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    /// The body as JSON that the database can hold.
    func json(upTo limit: Int) async throws -> JSON {
        let bytes = try await bytes(upTo: limit)
        guard mediaType == "application/json" else { throw Self.unsupported(mediaType, "application/json") }
        return try await Self.json(bytes)
    }

    /// The same for a body that may be left out; nil without one.
    func optionalJSON(upTo limit: Int) async throws -> JSON? {
        let bytes = try await bytes(upTo: limit)
        if bytes.isEmpty { return nil }
        guard mediaType == "application/json" else { throw Self.unsupported(mediaType, "application/json, or no body") }
        return try await Self.json(bytes)
    }

    /// Allows no body, or an empty object.
    func expectNoBody(upTo limit: Int) async throws {
        if let json = try await optionalJSON(upTo: limit) { try ObjectReader(json).finish() }
    }

    /// The largest body that is parsed on the event loop.
    private static let smallBody = 32 << 10

    private static func json(_ bytes: [UInt8]) async throws -> JSON {
        try await bytes.count <= smallBody ? parse(bytes) : onConcurrentPool { try parse(bytes) }
    }

    private static func parse(_ bytes: [UInt8]) throws(ProblemError) -> JSON {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw ProblemError(
                .malformed, "The body is not valid JSON: \(error.description).",
                errors: [Problem(pointer: "", detail: error.reason, line: error.line)])
        }
        try json.refuseNULs()
        return json
    }

    static func unsupported(_ type: String?, _ expected: String) -> ProblemError {
        ProblemError(
            .unsupportedMediaType, "The body's content type must be \(expected), not \(type ?? "left out").",
            headers: [.accept: expected])
    }
}

extension JSON {
    /// Throws when a text holds a NUL character, which PostgreSQL's `text` and `jsonb` cannot store.
    func refuseNULs() throws(ProblemError) {
        let problems = ProblemCollector()
        findNULs(at: "", problems)
        try problems.finish()
    }

    private func findNULs(at pointer: String, _ problems: ProblemCollector) {
        switch self {
        case .string(let text) where text.utf8.contains(0):
            problems.report("must not contain the character U+0000", at: pointer)
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                element.findNULs(at: JSONPointer.appending(index, to: pointer), problems)
            }
        case .object(let members):
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                if key.utf8.contains(0) {
                    problems.report("must not have a key with the character U+0000", at: pointer)
                } else {
                    value.findNULs(at: JSONPointer.appending(key, to: pointer), problems)
                }
            }
        default: break
        }
    }
}

extension ObjectReader {
    /// The `user_id` of a context: the sender's own, unless the identity may name other users.
    func userID(_ identity: Identity) -> String? {
        let userID = string("user_id")
        if let userID, !userID.isExactly(identity.scope.userID), !identity.mayNameOtherUsers {
            report("must be your own", at: "user_id")
        }
        return userID
    }

    /// Throws all problems of the body, with one for each key that was not read.
    func finish() throws(ProblemError) {
        refuseUnknownKeys()
        try problems.finish()
    }
}

extension ProblemCollector {
    /// Throws the problems of a body.
    fileprivate func finish() throws(ProblemError) {
        guard !isEmpty else { return }
        let problems = list.problems
        throw ProblemError(.invalid, "The body is invalid: \(problems.summary).", errors: problems)
    }
}
