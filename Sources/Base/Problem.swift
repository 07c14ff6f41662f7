/// One mistake in something that was given to us: where it is, and what is wrong there.
package struct Problem: Sendable, Hashable, Codable {
    /// A JSON Pointer (RFC 6901) into the given document; empty for the whole of it.
    package var pointer: String
    /// What is wrong, as the end of a sentence about that place: "is required".
    package var detail: String
    /// The line in the YAML or JSON text, counted from 1, where it is known.
    package var line: Int?

    package init(pointer: String, detail: String, line: Int? = nil) {
        self.pointer = pointer
        self.detail = detail
        self.line = line
    }
}

extension Problem: CustomStringConvertible {
    package var description: String {
        let place = pointer.isEmpty ? "the document" : pointer
        return (line.map { "line \($0): " } ?? "") + "\(place) \(detail)"
    }
}

/// Every mistake that was found, in the order of the document; never empty when thrown.
package struct ProblemList: Error, Sendable, Equatable {
    package var problems: [Problem]

    package init(_ problems: [Problem]) {
        self.problems = problems
    }

    /// A list of one.
    package init(_ detail: String, at pointer: String = "", line: Int? = nil) {
        problems = [Problem(pointer: pointer, detail: detail, line: line)]
    }
}

extension ProblemList: CustomStringConvertible {
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
