import Base

/// Reports the names in a workflow's templates that name nothing.
struct TemplateNamesCheck {
    private let input: TemplateShape
    private let phases: [PhaseDefinition]
    private let ancestors: PhaseAncestors

    init(input: JSON, phases: [PhaseDefinition]) {
        self.input = TemplateShape(schema: input)
        self.phases = phases
        ancestors = PhaseAncestors(phases)
    }

    /// - Parameter report: takes what is wrong with the template at a pointer.
    func report(_ report: (_ detail: String, _ pointer: String) -> Void) {
        var searches = 2_000
        for (index, phase) in phases.enumerated() {
            let names = names(in: phase)
            for (path, template) in phase.templates {
                for detail in names.problems(in: template, searches: &searches) { report(detail, "/phases/\(index)\(path)") }
            }
        }
    }

    /// What the templates of a phase can name.
    private func names(in phase: PhaseDefinition) -> TemplateNames {
        var root: TemplateShape.Members
        switch input {
        case .object(let members): root = members
        case .any, .scalar, .list: root = TemplateShape.Members(known: [:], isOpen: true)
        }
        let declared = Array(root.known.keys)
        root.known.merge(fixed(in: phase)) { _, fixed in fixed }
        return TemplateNames(
            root: root, likely: declared.isEmpty ? [] : root.names, phases: Set(phases.map(\.id)))
    }

    private func fixed(in phase: PhaseDefinition) -> [String: TemplateShape] {
        let before = ancestors.of[phase.id] ?? []
        var outputs: [String: TemplateShape] = [:]
        for other in phases where before.contains(other.id) || (other.id == phase.id && phase.repeats != nil) {
            outputs[other.id] = TemplateShape(outputOf: other)
        }
        var known: [String: TemplateShape] = [
            "input": input, "config": .any, "phases": .object(outputs), "task": .scalars("task_id", "phase"),
            "context": .scalars("tenant_id", "user_id", "conversation_id", "task_id", "trace_id").adding("metadata", .any),
        ]
        // Phases beside this one may have finished too.
        let after = phases.count { ancestors.of[$0.id]?.contains(phase.id) == true }
        for number in 0..<max(0, phases.count - 1 - after) { known["step_\(number)_output"] = .scalar }
        if phase.fanOut != nil {
            known["item"] = .any
            known["index"] = .scalar
        }
        if phase.repeats != nil { known["iteration"] = .scalar }
        switch phase.spec {
        case .write, .edit, .evaluate:
            known["agent"] = .scalars("slug", "name", "model")
            known["output"] = .workedOn
            known["draft"] = .scalar
            known["feedback"] = .scalar
        case .rank, .agent:
            known["agent"] = .scalars("slug", "name", "model")
        case .http:
            known["secret"] = .any
            known["step"] = .scalars("id", "attempt")
        default:
            break
        }
        return known
    }
}

extension PhaseDefinition {
    /// Its templates, with their places in the phase.
    fileprivate var templates: [(path: String, template: String)] {
        switch spec {
        case .write(let phase): [("/prompt", phase.prompt)]
        case .edit(let phase): [("/prompt", phase.prompt ?? "")]
        case .evaluate(let phase): [("/prompt", phase.prompt ?? "")]
        case .rank(let phase): [("/prompt", phase.prompt ?? "")]
        case .agent(let phase): [("/prompt", phase.prompt)]
        case .log(let phase): [("/message", phase.message)]
        case .delay(.until(let template)): [("/until", template)]
        case .human(let phase):
            [
                ("/title", phase.title), ("/description", phase.description ?? ""), ("/assignee_id", phase.assigneeID ?? ""),
                ("/assignee_group", phase.assigneeGroup ?? ""),
            ]
        case .workflow(let phase): phase.input.texts(at: "/input")
        case .http(let phase): phase.templates
        case .select, .signal, .delay, .transform, .branch, .custom: []
        }
    }
}

extension JSON {
    /// Its texts, with their places.
    func texts(at pointer: String) -> [(path: String, template: String)] {
        switch self {
        case .string(let text): [(pointer, text)]
        case .array(let elements):
            elements.enumerated().flatMap { $1.texts(at: JSONPointer.appending($0, to: pointer)) }
        case .object(let members): members.flatMap { $0.value.texts(at: JSONPointer.appending($0.key, to: pointer)) }
        default: []
        }
    }
}
