import Base

/// An SQL/JSON path, evaluated by PostgreSQL over `{input, phases, task, context}`.
///
/// PostgreSQL checks the text when the workflow is published; the reader of definitions checks only its length.
package struct PathExpression: Sendable, Hashable {
    package static let maxLength = 4_096

    package var text: String

    package init(_ text: String) {
        self.text = text
    }
}

extension PathExpression: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        self.init(text)
    }
}

/// An expression of a definition, with its place there.
package struct PlacedExpression: Sendable, Hashable {
    package let expression: PathExpression
    /// A JSON Pointer into the definition.
    package let pointer: String
    /// The phases whose outputs it can see.
    package let visible: Set<String>
}

extension WorkflowDefinition {
    /// Every expression, in the order of the definition.
    package var expressions: [PlacedExpression] {
        let graph = PhaseAncestors(phases)
        return phases.enumerated().flatMap { index, phase in
            let before = graph.of[phase.id] ?? []
            let own = phase.repeats == nil ? before : before.union([phase.id])
            return phase.expressions.map { path, expression, seesItself in
                PlacedExpression(
                    expression: expression, pointer: "/phases/\(index)\(path)", visible: seesItself ? own : before)
            }
        }
    }
}

extension PhaseDefinition {
    /// Its expressions, with their places in the phase, and whether they are evaluated after a run of the phase itself.
    fileprivate var expressions: [(path: String, expression: PathExpression, seesItself: Bool)] {
        var all: [(String, PathExpression, Bool)] = []
        if let when { all.append(("/when", when, false)) }
        if let fanOut { all.append(("/for_each", fanOut.list, true)) }
        if let until = repeats?.until { all.append(("/repeat/until", until, true)) }
        switch spec {
        case .transform(let transform): all.append(("/expression", transform.expression, true))
        case .branch(let branch):
            for (index, branchCase) in branch.cases.enumerated() {
                all.append(("/cases/\(index)/when", branchCase.when, false))
            }
        default: break
        }
        return all
    }
}

/// Which phases an expression reads, by PostgreSQL's canonical text of it: `($."phases"."rank"."agreement" < 0.6)`.
package enum ExpressionReferences {
    /// The ids after `$.phases` and `$.task.phases`, in order. Quotes inside a string of the path are escaped, so a string
    /// cannot look like an id.
    package static func phases(inCanonical path: String) -> [String] {
        var ids: [String] = []
        for start in [#"$."phases"."#, #"$."task"."phases"."#] {
            for part in path.components(around: start) where part.first == "\"" {
                let id = part.dropFirst().prefix { $0 != "\"" && $0 != "\\" }
                if !id.isEmpty { ids.append(String(id)) }
            }
        }
        return ids
    }

    /// What is wrong with the phases that a path reads; nil when all of them come before it.
    package static func problem(inCanonical path: String, visible: Set<String>) -> String? {
        guard let unknown = phases(inCanonical: path).first(where: { !visible.contains($0) }) else { return nil }
        return "reads the phase '\(unknown.prefix(80))', which does not come before it"
            + NearestName.hint(unknown, among: visible.sorted())
    }
}

extension String {
    /// The text behind each occurrence of `text`.
    fileprivate func components(around text: String) -> [Substring] {
        var found: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            rest = rest[range.upperBound...]
            found.append(rest)
        }
        return found
    }
}

/// All phases before each phase, near and far.
package struct PhaseAncestors: Sendable {
    package let of: [String: Set<String>]

    package init(_ phases: [PhaseDefinition]) {
        let needs = Dictionary(phases.map { ($0.id, $0.needs) }) { first, _ in first }
        of = needs.mapValues { direct in
            var found: Set<String> = []
            var open = direct
            while let id = open.popLast() {
                if found.insert(id).inserted { open += needs[id] ?? [] }
            }
            return found
        }
    }
}
