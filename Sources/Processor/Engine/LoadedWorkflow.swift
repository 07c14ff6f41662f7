import Workflow

/// A definition with what is worked out of it once: which phases lie before which.
struct LoadedWorkflow: Sendable {
    let definition: WorkflowDefinition
    /// All phases before a phase, near and far.
    let ancestors: [String: Set<String>]

    init(_ definition: WorkflowDefinition) {
        self.definition = definition
        ancestors = PhaseAncestors(definition.phases).of
    }

    /// The phases of a kind before the given one, in the order of the definition.
    func ancestors(of id: String, kind: PhaseKind) -> [PhaseDefinition] {
        let before = ancestors[id] ?? []
        return definition.phases.filter { $0.kind == kind && before.contains($0.id) }
    }

    /// The edit phases that a draft of the given write phase goes through, one after the other: first those that
    /// others need, then in the order of the definition.
    func editPhases(after writePhase: String) -> [PhaseDefinition] {
        let phases = definition.phases.enumerated().filter { _, phase in
            phase.kind == .edit && ancestors[phase.id]?.contains(writePhase) == true
        }
        return phases.sorted { first, second in
            (ancestors[first.element.id]?.count ?? 0, first.offset) < (ancestors[second.element.id]?.count ?? 0, second.offset)
        }.map(\.element)
    }
}
