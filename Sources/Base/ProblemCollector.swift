/// Gathers the problems of one document, each once.
package final class ProblemCollector {
    /// More are not reported; a hostile document must not cause a huge response.
    package static let limit = 100

    private let lines: [String: Int]
    private var problems: [Problem] = []

    /// - Parameter lines: the line of each value of a YAML text, by its JSON Pointer; empty for JSON.
    package init(lines: [String: Int] = [:]) {
        self.lines = lines
    }

    package var isYAML: Bool { !lines.isEmpty }
    package var isEmpty: Bool { problems.isEmpty }

    package func hasProblem(at pointer: String) -> Bool {
        problems.contains { $0.pointer == pointer }
    }

    package func report(_ detail: String, at pointer: String) {
        guard problems.count < Self.limit else { return }
        let problem = Problem(pointer: pointer, detail: detail, line: line(of: pointer))
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// Reports a name that is not known, with the nearest one that is.
    package func report(_ detail: String, unknown name: String, among known: [String], at pointer: String) {
        // The search for the nearest name takes time, and problems above the limit are dropped anyway.
        guard problems.count < Self.limit else { return }
        report(detail + NearestName.hint(name, among: known), at: pointer)
    }

    /// Adds the problems of the part at `pointer`.
    package func report(_ list: ProblemList, at pointer: String) {
        for problem in list.problems { report(problem.detail, at: pointer + problem.pointer) }
    }

    /// In the order of the text, as far as lines are known.
    package var list: ProblemList {
        let numbered = problems.enumerated().sorted { left, right in
            (left.element.line ?? 0, left.offset) < (right.element.line ?? 0, right.offset)
        }
        return ProblemList(numbered.map(\.element))
    }

    /// The line of a place, or of the nearest value around it: a missing key has no line.
    private func line(of pointer: String) -> Int? {
        guard !lines.isEmpty else { return nil }
        var place: String? = pointer
        while let current = place {
            if let line = lines[current] { return line }
            place = JSONPointer.parent(of: current)
        }
        return nil
    }
}
