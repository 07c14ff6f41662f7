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
