package import Base

/// Reads a definition, or finds all problems of the document.
enum DefinitionReader {
    static let maxPhases = 200
    static let maxAgents = 200

    /// - Parameter isNew: false for a definition that was published, perhaps by a version that checked less.
    static func read(
        _ document: SourceDocument, _ customKinds: CustomKinds, isNew: Bool = true
    ) throws(ProblemList) -> WorkflowDefinition {
        let problems = ProblemCollector(lines: document.lines)
        if let place = document.json.firstNUL() {
            problems.report("must not contain the character U+0000", at: place)
        }
        let definition = read(
            ObjectReader(document.json, problems: problems), customKinds, document: document.json, isNew: isNew)
        guard problems.isEmpty, let definition else { throw problems.list }
        return definition
    }

    private static func read(
        _ reader: ObjectReader, _ customKinds: CustomKinds, document: JSON, isNew: Bool
    ) -> WorkflowDefinition? {
        let name = readName(reader)
        let version = readVersion(reader)
        let description = reader.text("description", maxLength: 10_000)
        let category = reader.text("category", maxLength: 100)
        let tags = reader.strings("tags", maxCount: 50, maxLength: 100) ?? []
        let concurrency = reader.integer("concurrency", in: 1...10_000)
        let input = reader.schema("input") ?? true
        let agents = readAgents(reader)
        let phases = PhaseListReader(reader: reader, agents: declaredAgents(reader), customKinds: customKinds).read()
        reader.refuseUnknownKeys()
        guard let name, let version, let agents, let phases else { return nil }
        OwnDraftsCheck(agents: agents, phases: phases).report(to: reader)
        if isNew {
            checkSchemas(input: input, phases, reader)
            TemplateNamesCheck(input: input, phases: phases).report { reader.problems.report($0, at: $1) }
        }
        return WorkflowDefinition(
            name: name, version: version, description: description, category: category, tags: tags,
            concurrency: concurrency, input: input, agents: agents, phases: phases, json: document)
    }

    /// Reports schemas that nothing can fit.
    private static func checkSchemas(input: JSON, _ phases: [PhaseDefinition], _ reader: ObjectReader) {
        if SchemaFit.refusesEveryObject(input) {
            reader.report("accepts no object, and the input of a task is one", at: "input")
        }
        for (index, phase) in phases.enumerated() {
            let place = JSONPointer.appending(index, to: reader.place("phases"))
            switch phase.spec {
            case .agent(let agent) where agent.output.map(SchemaFit.refusesEveryObject) == true:
                reader.problems.report("accepts no object, and the answer is one", at: place + "/output")
            case .human(let human) where human.form == .bool(false):
                reader.problems.report("accepts no answer", at: place + "/form")
            default: continue
            }
        }
    }

    private static func readName(_ reader: ObjectReader) -> String? {
        guard let name = reader.text("name", isRequired: true, maxLength: 10_000) else { return nil }
        guard NamePattern.isWorkflowName(name) else {
            reader.report(NamePattern.workflowNameRule, at: "name")
            return nil
        }
        return name
    }

    private static func readVersion(_ reader: ObjectReader) -> SemanticVersion? {
        // YAML reads a plain `1.0` as a number; in quotes alone it would still be no version.
        if let value = reader.value("version"), value.double != nil {
            reader.report("must be a semantic version in quotes, such as \"1.0.0\"", at: "version")
            return nil
        }
        guard let text = reader.text("version", isRequired: true, maxLength: 200) else { return nil }
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
        guard let list = reader.nested("agents"), list.isObject else { return nil }
        guard list.members.count <= maxAgents else {
            reader.report("must have at most \(maxAgents) agents", at: "agents")
            return nil
        }
        var agents: [String: AgentDefinition] = [:]
        for (slug, value) in list.members.sorted(by: { $0.key < $1.key }) {
            if !NamePattern.isIdentifier(slug) { list.report(NamePattern.identifierRule, at: slug) }
            let agent = ObjectReader(value, at: list.place(slug), problems: list.problems)
            agents[slug] = AgentDefinition(slug: slug, reading: agent)
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
            throw ProblemList("must have at most \(Self.maxBytes) bytes")
        }
        // Editors put a byte order mark there, which is no part of the document (YAML 1.2.2, 5.2; RFC 8259, 8.1).
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        switch format {
        case .json:
            do {
                var limits = JSONLimits.input
                limits.refusesRepeatedKeys = true
                json = try JSON(parsing: text, limits: limits)
            } catch where error.pointer != nil {
                throw ProblemList(error.reason, at: error.pointer ?? "", line: error.line)
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
