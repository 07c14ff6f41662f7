/// Makes its output out of what is there.
package struct TransformPhase: Sendable, Hashable {
    package var expression: PathExpression
    /// Whether the output is the list of everything found, however much that is; otherwise one thing found is the
    /// output itself.
    package var isList: Bool

    package init(expression: PathExpression, isList: Bool = false) {
        self.expression = expression
        self.isList = isList
    }
}

extension TransformPhase {
    static let keys = ["expression", "list"]

    init?(reading phase: PhaseReader) {
        let isList = phase.reader.flag("list") ?? false
        guard let expression = phase.reader.expression("expression", required: true) else { return nil }
        self.init(expression: expression, isList: isList)
    }
}
