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
