package import Base

/// Reads a definition, or finds all problems of the document.
enum DefinitionReader {
    static let maxPhases = 200
    static let maxAgents = 200

    static func read(_ document: SourceDocument, _ ownKinds: OwnKinds) throws(ProblemList) -> WorkflowDefinition {
        let problems = ProblemCollector(lines: document.lines)
        if let place = document.json.firstNUL() {
            problems.report("must not contain the character U+0000", at: place)
        }
        let definition = ObjectReader(document.json, at: "", problems: problems).flatMap {
            read($0, ownKinds, document: document.json)
        }
        guard problems.isEmpty, let definition else { throw problems.list }
        return definition
    }

    private static func read(_ reader: ObjectReader, _ ownKinds: OwnKinds, document: JSON) -> WorkflowDefinition? {
        reader.refuseUnknownKeys(known: [
            "name", "version", "description", "category", "tags", "concurrency", "input", "agents", "phases",
        ])
        let name = readName(reader)
        let version = readVersion(reader)
        let description = reader.text("description", atMost: 10_000)
        let category = reader.text("category", atMost: 100)
        let tags = reader.texts("tags", atMost: 50, length: 100) ?? []
        let concurrency = reader.integer("concurrency", in: 1...10_000)
        let input = reader.schema("input") ?? true
        let agents = readAgents(reader)
        let phases = PhaseListReader(reader: reader, agents: declaredAgents(reader), ownKinds: ownKinds).read()
        guard let name, let version, let agents, let phases else { return nil }
        OwnDraftsCheck(agents: agents, phases: phases).report(to: reader)
        return WorkflowDefinition(
            name: name, version: version, description: description, category: category, tags: tags,
            concurrency: concurrency, input: input, agents: agents, phases: phases, json: document)
    }

    private static func readName(_ reader: ObjectReader) -> String? {
        guard let name = reader.requiredText("name", atMost: 10_000) else { return nil }
        guard NamePattern.isWorkflowName(name) else {
            reader.report(NamePattern.workflowNameRule, at: "name")
            return nil
        }
        return name
    }

    private static func readVersion(_ reader: ObjectReader) -> SemanticVersion? {
        guard let text = reader.requiredText("version", atMost: 200) else { return nil }
        guard let version = SemanticVersion(text) else {
            reader.report("must be a semantic version such as 1.0.0", at: "version")
            return nil
        }
        return version
    }

    /// The slugs under `agents`, also of agents with mistakes: phases may name them.
    private static func declaredAgents(_ reader: ObjectReader) -> [String] {
        reader.value("agents")?.object?.keys.sorted() ?? []
    }

    private static func readAgents(_ reader: ObjectReader) -> [String: AgentDefinition]? {
        guard reader.value("agents") != nil else { return [:] }
        guard let list = reader.object("agents") else { return nil }
        guard list.members.count <= maxAgents else {
            reader.report("must have at most \(maxAgents) agents", at: "agents")
            return nil
        }
        var agents: [String: AgentDefinition] = [:]
        for (slug, value) in list.members.sorted(by: { $0.key < $1.key }) {
            if !NamePattern.isIdentifier(slug) { list.report(NamePattern.identifierRule, at: slug) }
            if let agent = ObjectReader(value, at: list.place(slug), problems: list.problems)
                .flatMap({ AgentDefinition(slug: slug, reading: $0) })
            {
                agents[slug] = agent
            }
        }
        return agents
    }
}

/// The document of a definition as JSON, with the line of each value where it came as YAML.
struct SourceDocument {
    /// Larger texts are refused, in bytes.
    static let maxBytes = 1_048_576

    var json: JSON
    /// Line by JSON pointer; empty when there is no text with lines.
    var lines: [String: Int] = [:]

    init(json: JSON) {
        self.json = json
    }

    init(text: String, format: DefinitionFormat) throws(ProblemList) {
        guard text.utf8.count <= Self.maxBytes else {
            throw ProblemList("must be at most \(Self.maxBytes) bytes long")
        }
        switch format {
        case .json:
            do {
                json = try JSON(parsing: text)
            } catch {
                throw ProblemList("is not valid JSON: \(error.reason) (column \(error.column))", line: error.line)
            }
        case .yaml:
            var reader = YAMLReader(text: text)
            json = try reader.read()
            lines = reader.lines
        }
    }
}

/// The notations in which a workflow is written.
package enum DefinitionFormat: String, Sendable, Hashable, CaseIterable {
    case json, yaml
}

extension ProblemList {
    /// The same problems with their lines in the text; JSON has none.
    package func located(in text: String, format: DefinitionFormat) -> ProblemList {
        guard let document = try? SourceDocument(text: text, format: format) else { return self }
        let collector = ProblemCollector(lines: document.lines)
        for problem in problems { collector.report(problem.detail, at: problem.pointer) }
        return collector.list
    }
}
