import Store
import Workflow

extension WorkflowVersion {
    /// The phases of a kind before the given one, in the order of the definition.
    func ancestors(of id: String, kind: PhaseKind) -> [PhaseDefinition] {
        let before = ancestors[id] ?? []
        return definition.phases.filter { $0.kind == kind && before.contains($0.id) }
    }

    /// The edit phases that a draft of the given write phase goes through, one after the other: those that others need
    /// first, then in the order of the definition.
    func editPhases(after writePhase: String) -> [PhaseDefinition] {
        let phases = definition.phases.enumerated().filter { _, phase in
            phase.kind == .edit && ancestors[phase.id]?.contains(writePhase) == true
        }
        return phases.sorted { first, second in
            (ancestors[first.element.id]?.count ?? 0, first.offset) < (ancestors[second.element.id]?.count ?? 0, second.offset)
        }.map(\.element)
    }
}
