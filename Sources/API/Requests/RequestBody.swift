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
        return try Self.json(bytes)
    }

    /// The same for a body that may be left out; nil without one.
    func optionalJSON(upTo limit: Int) async throws -> JSON? {
        let bytes = try await bytes(upTo: limit)
        if bytes.isEmpty { return nil }
        guard mediaType == "application/json" else { throw Self.unsupported(mediaType, "application/json, or no body") }
        return try Self.json(bytes)
    }

    /// Allows no body, or an empty object.
    func expectNoBody(upTo limit: Int) async throws {
        if let json = try await optionalJSON(upTo: limit) { try BodyReader(json).finish() }
    }

    private static func json(_ bytes: [UInt8]) throws(ProblemError) -> JSON {
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
    /// Throws when a text holds a NUL character, which `jsonb` cannot store.
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

/// Reads an object strictly: a key that is unknown, missing or of the wrong type becomes a problem with its pointer.
/// `finish` throws them all. `null` counts as left out.
struct BodyReader {
    private let pointer: String
    private var members: JSONObject = [:]
    private let isObject: Bool
    private(set) var problems: [Problem] = []

    init(_ json: JSON, at pointer: String = "") {
        self.pointer = pointer
        isObject = json.object != nil
        if let object = json.object {
            members = object
        } else {
            problems = [Problem(pointer: pointer, detail: "must be an object, not \(json.typeName)")]
        }
    }

    /// The value of a key, whatever its type; nil when it is left out or `null`.
    mutating func value(_ key: String) -> JSON? {
        guard let value = members.removeValue(forKey: key), !value.isNull else { return nil }
        return value
    }

    /// Whether the object has a key that has not been read, also with `null`.
    func has(_ key: String) -> Bool { members[key] != nil }

    /// A text with at least one character and at most `maxLength`.
    mutating func string(_ key: String, isRequired: Bool = false, maxLength: Int = 200) -> String? {
        guard let value = value(key) else {
            if isRequired, isObject { fail(key, "is required") }
            return nil
        }
        guard let text = value.string else { return mismatch(key, "a string", value) }
        guard (1...maxLength).contains(text.unicodeScalars.count) else {
            fail(key, text.isEmpty ? "must not be empty" : "must have at most \(maxLength) characters")
            return nil
        }
        return text
    }

    mutating func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = value.int else { return mismatch(key, "an integer", value) }
        guard range.contains(number) else {
            fail(key, "must be from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func boolean(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        return value.bool ?? mismatch(key, "a boolean", value)
    }

    mutating func object(_ key: String) -> JSON? {
        guard let value = value(key) else { return nil }
        return value.object == nil ? mismatch(key, "an object", value) : value
    }

    /// A list of texts with at least one character each.
    mutating func strings(_ key: String, maxCount: Int, maxLength: Int) -> [String]? {
        guard let value = value(key) else { return nil }
        guard let elements = value.array else { return mismatch(key, "an array", value) }
        if elements.count > maxCount { fail(key, "must have at most \(maxCount) elements") }
        return elements.enumerated().compactMap { index, element in
            if let text = element.string, (1...maxLength).contains(text.unicodeScalars.count) { return text }
            fail("\(key)/\(index)", "must be a string of 1 to \(maxLength) characters")
            return nil
        }
    }

    /// One of the words of an enumeration.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, as: Word.Type = Word.self) -> Word? {
        guard let value = value(key) else { return nil }
        guard let word = value.string.flatMap(Word.init(rawValue:)) else {
            fail(key, "must be one of: \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return word
    }

    /// A point in time, in the form the database reads.
    mutating func timestamp(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard let time = value.string.flatMap(Timestamp.normalized) else {
            fail(key, Timestamp.expectation)
            return nil
        }
        return time
    }

    /// A reader of the object under a key, of an empty one when the key is left out. Must be given back to `absorb`.
    mutating func nested(_ key: String) -> BodyReader {
        BodyReader(value(key) ?? [:], at: place(key))
    }

    mutating func absorb(_ nested: BodyReader) {
        problems += nested.allProblems
    }

    /// The `user_id` of a context: the sender's own, unless the identity may name other users.
    mutating func userID(_ identity: Identity) -> String? {
        let userID = string("user_id")
        if let userID, userID != identity.scope.userID, !identity.mayNameOtherUsers {
            fail("user_id", "must be your own")
        }
        return userID
    }

    mutating func fail(_ key: String, _ detail: String) {
        problems.append(Problem(pointer: place(key), detail: detail))
    }

    mutating func add(_ more: [Problem]) {
        problems += more
    }

    /// Throws all problems, with one for each key that was not read.
    func finish() throws(ProblemError) {
        let problems = allProblems
        guard problems.isEmpty else {
            throw ProblemError(.invalid, "The body is invalid: \(problems.summary).", errors: problems)
        }
    }

    private var allProblems: [Problem] {
        problems
            + members.keys.sorted().map { key in
                Problem(pointer: JSONPointer.appending(key, to: pointer), detail: "is unknown")
            }
    }

    private func place(_ key: String) -> String { pointer + "/" + key }

    private mutating func mismatch<T>(_ key: String, _ expected: String, _ value: JSON) -> T? {
        fail(key, "must be \(expected), not \(value.typeName)")
        return nil
    }
}
