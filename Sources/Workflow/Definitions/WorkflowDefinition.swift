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
    /// How much of its calls is kept, at most as much as the service keeps.
    package var capture: CallCapture
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
    /// - Parameter customKinds: those of the embedding program; without them every kind is accepted.
    package static func parse(
        _ text: String, format: DefinitionFormat, customKinds: CustomKinds = .unchecked
    ) throws(ProblemList) -> WorkflowDefinition {
        try DefinitionReader.read(SourceDocument(text: text, format: format), customKinds)
    }

    /// Reads a definition out of the table, as far as it must be right to be carried out.
    package init(json: JSON) throws(ProblemList) {
        self = try DefinitionReader.read(SourceDocument(json: json), .unchecked, isNew: false)
    }

    package init(
        name: String, version: SemanticVersion, description: String? = nil, category: String? = nil,
        tags: [String] = [], concurrency: Int? = nil, capture: CallCapture = .full, input: JSON = true,
        agents: [String: AgentDefinition] = [:], phases: [PhaseDefinition],
        json: JSON
    ) {
        self.name = name
        self.version = version
        self.description = description
        self.category = category
        self.tags = tags
        self.concurrency = concurrency
        self.capture = capture
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

extension WorkflowDefinition {
    /// The signals that its phases wait for, in the order of the definition.
    package var signalNames: [String] {
        phases.reduce(into: []) { names, phase in
            if case .signal(let signal) = phase.spec, !names.contains(signal.name) { names.append(signal.name) }
        }
    }

    /// A problem for each model whose provider is none of these.
    package func problems(withProviders providers: [String]) -> [Problem] {
        agents.sorted { $0.key < $1.key }.flatMap { slug, agent in
            let place = "/agents/\(slug)/model"
            let isList = json["agents"]?[slug]?["model"]?.array != nil
            return agent.models.enumerated().compactMap { index, model -> Problem? in
                guard !providers.contains(model.provider) else { return nil }
                let hint = NearestName.hint(model.provider, among: providers)
                let known = hint.isEmpty ? "; it has \(providers.sorted().joined(separator: ", "))" : hint
                return Problem(
                    pointer: isList ? JSONPointer.appending(index, to: place) : place,
                    detail: "names the provider '\(model.provider)', which this service does not have\(known)")
            }
        }
    }
}
