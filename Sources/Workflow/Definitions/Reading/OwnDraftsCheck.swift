/// Finds phases whose `exclude_own` would leave every judge without anything to judge.
struct OwnDraftsCheck {
    let agents: [String: AgentDefinition]
    let phases: [PhaseDefinition]

    func report(to reader: ObjectReader) {
        for (index, phase) in phases.enumerated() where phase.spec.excludesOwn {
            let writers = Set(phasesBefore(phase).filter { $0.kind == .write }.flatMap(\.spec.agents)).compactMap { agents[$0] }
            let judges = phase.spec.agents.compactMap { agents[$0] }
            guard !writers.isEmpty, !judges.isEmpty else { continue }
            let hasWork = judges.contains { judge in writers.contains { !OwnDrafts.areOwn(writer: $0, judge: judge) } }
            if hasWork { continue }
            reader.problems.report(
                "leaves nobody anything to judge: every writer shares its agent or a model with every judge",
                at: JSONPointer.appending("exclude_own", to: JSONPointer.appending(index, to: reader.place("phases"))))
        }
    }

    private func phasesBefore(_ phase: PhaseDefinition) -> [PhaseDefinition] {
        var found: Set<String> = []
        var open = phase.needs
        while let id = open.popLast() {
            guard found.insert(id).inserted else { continue }
            open += phases.first { $0.id == id }?.needs ?? []
        }
        return phases.filter { found.contains($0.id) }
    }
}

extension PhaseSpec {
    /// Whether the phase's judges are kept from what they wrote themselves.
    fileprivate var excludesOwn: Bool {
        if case .evaluate(let phase) = self { return phase.excludesOwn }
        if case .rank(let phase) = self { return phase.excludesOwn }
        return false
    }
}
