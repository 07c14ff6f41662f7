import Base

/// Computes its output from the task's context.
package struct TransformPhase: Sendable, Hashable {
    package var expression: PathExpression
    /// Whether the output is always the list of what the expression finds; otherwise a single finding is the output
    /// itself.
    package var isList: Bool

    package init(expression: PathExpression, isList: Bool = false) {
        self.expression = expression
        self.isList = isList
    }
}

extension TransformPhase {
    init?(reading phase: PhaseReader) {
        let isList = phase.reader.boolean("list") ?? false
        guard let expression = phase.reader.expression("expression", isRequired: true) else { return nil }
        self.init(expression: expression, isList: isList)
    }
}
