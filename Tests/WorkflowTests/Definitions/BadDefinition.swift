import Testing

/// A definition with mistakes, and where each must be found.
struct BadDefinition: Sendable, CustomTestStringConvertible {
    struct Expected: Sendable {
        let pointer: String
        let line: Int?
        /// What the detail must contain.
        let detail: String
    }

    let name: String
    let yaml: String
    let expected: [Expected]

    init(_ name: String, _ yaml: String, _ expected: (String, Int?, String)...) {
        self.name = name
        self.yaml = yaml
        self.expected = expected.map { Expected(pointer: $0.0, line: $0.1, detail: $0.2) }
    }

    /// One phase behind a sound `write` phase; the phase stands in line 8.
    init(phase: String, _ expected: (String, Int?, String)...) {
        name = phase
        yaml = Fixtures.workflow(phases: [Fixtures.write, phase])
        self.expected = expected.map { Expected(pointer: $0.0, line: $0.1, detail: $0.2) }
    }

    var testDescription: String { name }
}
