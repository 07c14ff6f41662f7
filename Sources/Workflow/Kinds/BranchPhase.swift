import Base

/// Chooses which of the phases behind it run: those of the first case that holds.
package struct BranchPhase: Sendable, Hashable {
    package struct Case: Sendable, Hashable {
        package var when: PathExpression
        package var then: [String]

        package init(when: PathExpression, then: [String]) {
            self.when = when
            self.then = then
        }
    }

    /// At least one.
    package var cases: [Case]
    /// What runs when no case holds; may be empty.
    package var otherwise: [String]

    package init(cases: [Case], otherwise: [String] = []) {
        self.cases = cases
        self.otherwise = otherwise
    }

    /// All the phases that the branch chooses among.
    package var targets: Set<String> { cases.reduce(into: Set(otherwise)) { $0.formUnion($1.then) } }
}

extension BranchPhase {
    static let maxCases = 50

    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let otherwise = Self.targets(reader, "else")
        guard reader.required("cases") != nil, let parts = reader.objects("cases", maxCount: Self.maxCases) else { return nil }
        guard !parts.isEmpty else {
            reader.report("must have at least one case", at: "cases")
            return nil
        }
        var cases: [Case] = []
        for part in parts {
            let when = part.expression("when", isRequired: true)
            let then = part.required("then") == nil ? nil : Self.targets(part, "then")
            part.refuseUnknownKeys()
            if let when, let then { cases.append(Case(when: when, then: then)) }
        }
        guard cases.count == parts.count else { return nil }
        self.init(cases: cases, otherwise: otherwise ?? [])
    }

    /// The id of a phase, or a list of them.
    private static func targets(_ reader: ObjectReader, _ key: String) -> [String]? {
        guard let value = reader.value(key) else { return nil }
        if case .string(let id) = value { return [id] }
        guard case .array = value else {
            reader.mismatch("the id of a phase, or a list of ids", value, at: key)
            return nil
        }
        return reader.strings(key, maxCount: DefinitionReader.maxPhases, maxLength: 10_000)
    }
}
