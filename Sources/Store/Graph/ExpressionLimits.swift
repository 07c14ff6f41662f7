/// What evaluating expressions may cost.
package struct ExpressionLimits: Sendable {
    /// How long one expression may take; it holds its task's rows meanwhile.
    package var timeout: Duration = .seconds(2)
    /// The most bytes, as JSON text, that one expression may find.
    package var maxBytes = 1_048_576
    /// How many expressions that depend on each other are evaluated in one transaction; a longer chain goes on in the
    /// next one.
    package var rounds = 64

    package init() {}
}
