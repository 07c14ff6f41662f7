package import Base

/// Starts a task of another workflow, and waits for its end.
package struct WorkflowPhase: Sendable, Hashable {
    /// The name of the workflow; it need not be published yet.
    package var name: String
    /// Nil for the latest active one when the phase runs.
    package var version: SemanticVersion?
    /// The sub-task's input, with templates in its texts.
    package var input: JSON

    package init(name: String, version: SemanticVersion? = nil, input: JSON = [:]) {
        self.name = name
        self.version = version
        self.input = input
    }
}

extension WorkflowPhase {
    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let name = reader.text("name", isRequired: true, maxLength: 10_000)
        if let name, !NamePattern.isWorkflowName(name) { reader.report(NamePattern.workflowNameRule, at: "name") }
        let text = reader.text("version", maxLength: 200)
        let version = text.flatMap { SemanticVersion($0) }
        if text != nil, version == nil { reader.report("must be a semantic version such as 1.0.0", at: "version") }
        let input = reader.object("input") ?? [:]
        reader.checkTemplates(input, at: "input")
        guard let name else { return nil }
        self.init(name: name, version: version, input: input)
    }
}
