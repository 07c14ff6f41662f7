package import Base

/// A workflow, checked as a whole.
package struct WorkflowDefinition: Sendable, Hashable {
    package var name: String
    package var version: SemanticVersion
    package var description: String?
    package var category: String?
    package var tags: [String]
    /// The limit of steps that run at once over all its tasks and all nodes, 1…10,000; nil for none.
    package var concurrency: Int?
    /// The JSON Schema of a task's input; `true` accepts anything.
    package var input: JSON
    /// By slug.
    package var agents: [String: AgentDefinition]
    /// In the order of the definition, which is the `ordinal` of their rows.
    package var phases: [PhaseDefinition]
    /// The document as it is stored in `workflows.definition`.
    package var json: JSON

    /// Reads and checks a definition; throws every problem at once, with lines where the text gives them.
    ///
    /// - Parameter ownKinds: those of the embedding program; without them every kind is accepted.
    package static func parse(
        _ text: String, format: DefinitionFormat, ownKinds: OwnKinds = .unchecked
    ) throws(ProblemList) -> WorkflowDefinition {
        try DefinitionReader.read(SourceDocument(text: text, format: format), ownKinds)
    }

    /// Reads and checks a definition that came as JSON, from a request or from the table.
    package init(json: JSON) throws(ProblemList) {
        self = try DefinitionReader.read(SourceDocument(json: json), .unchecked)
    }

    package init(
        name: String, version: SemanticVersion, description: String? = nil, category: String? = nil,
        tags: [String] = [], concurrency: Int? = nil, input: JSON = true, agents: [String: AgentDefinition] = [:], phases: [PhaseDefinition],
        json: JSON
    ) {
        self.name = name
        self.version = version
        self.description = description
        self.category = category
        self.tags = tags
        self.concurrency = concurrency
        self.input = input
        self.agents = agents
        self.phases = phases
        self.json = json
    }

    /// The phase with that id.
    package func phase(_ id: String) -> PhaseDefinition? {
        phases.first { $0.id == id }
    }
}
