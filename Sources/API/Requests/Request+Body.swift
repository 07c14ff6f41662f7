import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Workflow

extension Request {
    /// The media type of the body in lower case, without its parameters; nil when none is given.
    var mediaType: String? {
        headers[.contentType]?.split(separator: ";", maxSplits: 1).first?
            .trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// The body as bytes. Throws 413 when it is longer, before reading it where its length is announced.
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
        return try Self.json(bytes)
    }

    /// For requests that need no body: nothing, or an empty object.
    func expectNoBody(upTo limit: Int) async throws {
        let bytes = try await bytes(upTo: limit)
        if bytes.isEmpty { return }
        guard mediaType == "application/json" else { throw Self.unsupported(mediaType, "application/json, or no body") }
        try BodyReader(try Self.json(bytes)).finish()
    }

    static func json(_ bytes: [UInt8]) throws(ProblemError) -> JSON {
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
    /// Throws when a text in here holds a NUL character, which `jsonb` cannot store.
    func refuseNULs() throws(ProblemError) {
        var problems: [Problem] = []
        findNULs(at: "", &problems)
        guard problems.isEmpty else {
            throw ProblemError(.invalid, "The body is invalid: \(problems.summary).", errors: problems)
        }
    }

    private func findNULs(at pointer: String, _ problems: inout [Problem]) {
        switch self {
        case .string(let text) where text.utf8.contains(0):
            problems.append(Problem(pointer: pointer, detail: "must not contain the character U+0000"))
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                element.findNULs(at: JSONPointer.appending(index, to: pointer), &problems)
            }
        case .object(let members):
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                if key.utf8.contains(0) {
                    problems.append(Problem(pointer: pointer, detail: "must not have a key with the character U+0000"))
                } else {
                    value.findNULs(at: JSONPointer.appending(key, to: pointer), &problems)
                }
            }
        default: break
        }
    }
}
