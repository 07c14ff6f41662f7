/// An SQL/JSON path, evaluated by PostgreSQL over `{input, phases, task, context}`.
///
/// Its text is checked by PostgreSQL when the workflow is published; here only its length is known to be right.
package struct PathExpression: Sendable, Hashable {
    package static let maximumLength = 4_096

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
