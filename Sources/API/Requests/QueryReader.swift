import Base
import Foundation
import Hummingbird
import Store
import Workflow

/// Reads the query of a request strictly: a parameter that is unknown, malformed or repeated becomes a problem that names
/// it. `finish` throws them all.
struct QueryReader {
    static let cursorExpectation = "is not a cursor: <epoch>.<position>"

    /// The parameters that have not been read, each with its values in order.
    private var values: [String: [String]] = [:]
    /// Those that have been read.
    private var known: [String] = []
    private let problems = ProblemCollector()

    init(_ request: Request) {
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]) else {
                problems.report("has a name that is not valid percent-encoded UTF-8", at: "/query")
                continue
            }
            guard let value = Self.decoded(parts.count == 2 ? parts[1] : "") else {
                report("is not valid percent-encoded UTF-8", at: name)
                continue
            }
            values[name, default: []].append(value)
        }
    }

    /// The value of a parameter, which must not be empty.
    mutating func string(_ name: String, maxLength: Int = 500) -> String? {
        guard let value = value(name) else { return nil }
        guard (1...maxLength).contains(value.unicodeScalars.count) else {
            report(value.isEmpty ? "must not be empty" : "must have at most \(maxLength) characters", at: name)
            return nil
        }
        return value
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = Int(value), range.contains(number), !value.hasPrefix("+") else {
            report("must be a whole number from \(range.lowerBound) to \(range.upperBound)", at: name)
            return nil
        }
        return number
    }

    mutating func boolean(_ name: String) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let flag = Bool(value) else {
            report("must be true or false", at: name)
            return nil
        }
        return flag
    }

    mutating func uuid(_ name: String) -> UUID? {
        guard let value = value(name) else { return nil }
        return uuid(value, of: name)
    }

    /// The ids of a parameter that may be repeated.
    mutating func uuids(_ name: String) -> [UUID] {
        (take(name) ?? []).compactMap { uuid($0, of: name) }
    }

    /// A point in time, in the form the database reads.
    mutating func timestamp(_ name: String) -> String? {
        guard let value = value(name) else { return nil }
        guard let time = Timestamp.normalized(value) else {
            report(Timestamp.expectation, at: name)
            return nil
        }
        return time
    }

    /// A duration such as `30m` or `2h`.
    mutating func duration(_ name: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let value = value(name) else { return nil }
        guard let duration = DurationText.parse(value), range.contains(duration) else {
            let bounds = "\(DurationText.text(of: range.lowerBound)) to \(DurationText.text(of: range.upperBound))"
            report("must be a duration such as 30m or 2h, from \(bounds)", at: name)
            return nil
        }
        return duration
    }

    /// One of the words of an enumeration.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String, as: Word.Type = Word.self) -> Word? {
        guard let value = value(name) else { return nil }
        let words: [Word] = words([value], of: name, "one")
        return words.first
    }

    /// Words of an enumeration with commas between them; empty when the parameter is left out.
    mutating func words<Word: RawRepresentable<String> & CaseIterable>(_ name: String, as: Word.Type = Word.self) -> [Word] {
        guard let texts = list(name) else { return [] }
        return words(texts, of: name, "some")
    }

    /// Texts with commas between them, which may be empty.
    mutating func list(_ name: String) -> [String]? {
        value(name)?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    /// The value of a parameter as it is; may be empty.
    mutating func text(_ name: String) -> String? {
        value(name)
    }

    /// `limit`, `after` and `count`.
    mutating func page() -> PageRequest {
        let limit = integer("limit", PageRequest.limits) ?? PageRequest.defaultLimit
        let isCounted = boolean("count") ?? false
        guard let text = value("after") else { return PageRequest(limit: limit, isCounted: isCounted) }
        guard let token = PageToken(text) else {
            report("is not a token of a list", at: "after")
            return PageRequest(limit: limit)
        }
        return PageRequest(limit: limit, after: token, isCounted: isCounted)
    }

    func report(_ detail: String, at name: String) {
        problems.report(detail, at: Self.place(name))
    }

    /// Adds a problem of another part of the request.
    func add(_ problem: Problem) {
        problems.report(problem.detail, at: problem.pointer)
    }

    /// Throws all problems, with one for each parameter that was not read.
    func finish() throws(ProblemError) {
        for name in values.keys.sorted() {
            problems.report("is not a known parameter", unknown: name, among: known, at: Self.place(name))
        }
        guard !problems.isEmpty else { return }
        let all = problems.list.problems
        throw ProblemError(.malformed, "The request is wrong: \(all.summary).", errors: all)
    }

    private static func place(_ name: String) -> String {
        JSONPointer.appending(name, to: "/query")
    }

    private mutating func take(_ name: String) -> [String]? {
        known.append(name)
        return values.removeValue(forKey: name)
    }

    /// The value of a parameter that may be given once.
    private mutating func value(_ name: String) -> String? {
        guard let all = take(name) else { return nil }
        guard all.count == 1 else {
            report("is given more than once", at: name)
            return nil
        }
        return all[0]
    }

    private mutating func uuid(_ text: String, of name: String) -> UUID? {
        guard let id = UUID(text: text) else {
            report("must be a UUID", at: name)
            return nil
        }
        return id
    }

    private mutating func words<Word: RawRepresentable<String> & CaseIterable>(
        _ texts: [String], of name: String, _ amount: String
    ) -> [Word] {
        let allowed = Word.allCases.map(\.rawValue)
        if let other = texts.first(where: { !allowed.contains($0) }) {
            let detail = "must be \(amount) of \(allowed.joined(separator: ", "))"
            problems.report(detail, unknown: other, among: allowed, at: Self.place(name))
            return []
        }
        return texts.compactMap(Word.init(rawValue:))
    }

    /// A part of a query as forms write it (`application/x-www-form-urlencoded`); nil when it is not UTF-8 or has a NUL.
    private static func decoded(_ text: Substring) -> String? {
        String(text.replacing("+", with: " ")).strictlyPercentDecoded
    }
}
