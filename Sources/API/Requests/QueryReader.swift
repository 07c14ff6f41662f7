import Foundation
import Hummingbird
import Store
import Workflow

/// Reads a query strictly: what is unknown, doubled or malformed becomes a problem that names it, in `finish`.
struct QueryReader {
    private var values: [String: String] = [:]
    private var problems: [Problem] = []

    init(_ request: Request) {
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]) else {
                problems.append(Problem(pointer: "/query", detail: "has a name that is not valid percent-encoded UTF-8"))
                continue
            }
            guard let value = Self.decoded(parts.count == 2 ? parts[1] : "") else {
                fail(name, "is not valid percent-encoded UTF-8")
                values[name] = ""
                continue
            }
            if values.updateValue(value, forKey: name) != nil { fail(name, "is given twice") }
        }
    }

    /// The value of a parameter, which must not be empty.
    mutating func string(_ name: String, maxLength: Int = 500) -> String? {
        guard let value = values.removeValue(forKey: name) else { return nil }
        guard (1...maxLength).contains(value.unicodeScalars.count) else {
            fail(name, value.isEmpty ? "must not be empty" : "must have at most \(maxLength) characters")
            return nil
        }
        return value
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = values.removeValue(forKey: name) else { return nil }
        guard let number = Int(value), range.contains(number), !value.hasPrefix("+") else {
            fail(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func boolean(_ name: String) -> Bool? {
        guard let value = values.removeValue(forKey: name) else { return nil }
        guard let flag = Bool(value) else {
            fail(name, "must be true or false")
            return nil
        }
        return flag
    }

    mutating func uuid(_ name: String) -> UUID? {
        guard let value = values.removeValue(forKey: name) else { return nil }
        guard let id = UUID(strict: value) else {
            fail(name, "must be a UUID")
            return nil
        }
        return id
    }

    /// A point in time, in the form the database reads.
    mutating func timestamp(_ name: String) -> String? {
        guard let value = values.removeValue(forKey: name) else { return nil }
        guard let time = Timestamp.normalized(value) else {
            fail(name, Timestamp.expectation)
            return nil
        }
        return time
    }

    /// One of the words of an enumeration.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String, as: Word.Type = Word.self) -> Word? {
        words(name, as: Word.self, isList: false).first
    }

    /// Words of an enumeration with commas between them; empty when the parameter is not given.
    mutating func words<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String, as: Word.Type = Word.self, isList: Bool = true
    ) -> [Word] {
        guard let value = values.removeValue(forKey: name) else { return [] }
        let texts = isList ? value.split(separator: ",", omittingEmptySubsequences: false).map(String.init) : [value]
        let words = texts.compactMap(Word.init(rawValue:))
        guard words.count == texts.count else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            fail(name, "must be \(isList ? "some" : "one") of: \(known)")
            return []
        }
        return words
    }

    /// `limit` and `after`.
    mutating func page() -> PageRequest {
        let limit = integer("limit", PageRequest.limits) ?? PageRequest.defaultLimit
        guard let text = values.removeValue(forKey: "after") else { return PageRequest(limit: limit) }
        guard let token = PageToken(text) else {
            fail("after", "is not a token of a list")
            return PageRequest(limit: limit)
        }
        return PageRequest(limit: limit, after: token)
    }

    /// Throws everything that was wrong, also the parameters that nobody read.
    func finish() throws(ProblemError) {
        let unknown = values.keys.sorted()
            .filter { name in !problems.contains { $0.pointer == JSONPointer.appending(name, to: "/query") } }
            .map { Problem(pointer: JSONPointer.appending($0, to: "/query"), detail: "is unknown") }
        let all = problems + unknown
        guard all.isEmpty else {
            throw ProblemError(.malformed, "The query is wrong: \(all.summary).", errors: all)
        }
    }

    private mutating func fail(_ name: String, _ detail: String) {
        problems.append(Problem(pointer: JSONPointer.appending(name, to: "/query"), detail: detail))
    }

    /// Decodes a part of a query as forms write it; nil for what is not UTF-8 or holds a NUL.
    private static func decoded(_ text: Substring) -> String? {
        String(text.replacing("+", with: " ")).strictlyPercentDecoded
    }
}
