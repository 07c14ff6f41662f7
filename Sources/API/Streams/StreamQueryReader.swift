import Foundation
import Workflow

/// Takes the parameters of a stream out of its query; unlike `QueryReader` it knows repeated ones, and header fields.
struct StreamQueryReader {
    private var items: [(name: String, value: String)] = []
    private var problems: [Problem] = []

    init(_ query: String?) {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decode(parts[0])
            let value = parts.count > 1 ? Self.decode(parts[1]) : ""
            if let name, let value {
                items.append((name, value))
            } else {
                refuse(name ?? String(parts[0]), "is not percent-encoded UTF-8")
            }
        }
    }

    mutating func takeAll(_ name: String) -> [String] {
        defer { items.removeAll { $0.name == name } }
        return items.filter { $0.name == name }.map(\.value)
    }

    mutating func takeOne(_ name: String) -> String? {
        let values = takeAll(name)
        if values.count > 1 { refuse(name, "is given more than once") }
        return values.first
    }

    mutating func uuid(_ text: String, of name: String) -> UUID? {
        let uuid = UUID(strict: text)
        if uuid == nil { refuse(name, "is not a UUID") }
        return uuid
    }

    mutating func refuse(_ name: String, _ detail: String) {
        report(JSONPointer.appending(name, to: "/query"), detail)
    }

    mutating func report(_ pointer: String, _ detail: String) {
        problems.append(Problem(pointer: pointer, detail: detail))
    }

    /// Throws when anything was wrong or is left.
    mutating func finish() throws(ProblemError) {
        for name in Set(items.map(\.name)).sorted() { refuse(name, "is unknown") }
        guard !problems.isEmpty else { return }
        throw ProblemError(.malformed, "The request is wrong: \(problems.summary).", errors: problems)
    }

    /// `application/x-www-form-urlencoded`, as browsers write queries.
    private static func decode(_ text: Substring) -> String? {
        String(text.replacing("+", with: " ")).strictlyPercentDecoded
    }
}
