/// Which drafts a judge is kept from by `exclude_own`.
///
/// Language models score their own texts higher than others do: Panickssery et al., "LLM Evaluators Recognize and Favor
/// Their Own Generations", NeurIPS 2024; Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", NeurIPS
/// 2023, 3.3 (self-enhancement bias).
package enum OwnDrafts {
    /// Whether the drafts of a writer are a judge's own: they are the same agent, or have a model in common, fallbacks
    /// included. Who edited a draft does not matter.
    package static func areOwn(writer: AgentDefinition, judge: AgentDefinition) -> Bool {
        writer.slug == judge.slug || writer.models.contains(where: judge.models.contains)
    }
}

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
