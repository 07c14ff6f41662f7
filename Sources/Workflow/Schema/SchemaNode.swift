/// One schema, compiled: its rules, and what is needed to fill in defaults.
struct SchemaNode: Sendable {
    /// Checked in order; empty accepts everything.
    var rules: [any SchemaRule] = []
    /// The value of `default`.
    var defaultValue: JSON?
    var properties: [String: SchemaNode] = [:]
    var items: [SchemaNode] = []
    var allOf: [SchemaNode] = []
    /// The target of `$ref`.
    var reference: String?
}

/// One keyword, or a few that belong together.
protocol SchemaRule: Sendable {
    /// Reports to `run` how the value breaks the rule.
    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun)
}
