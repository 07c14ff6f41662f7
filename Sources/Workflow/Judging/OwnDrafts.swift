import Base

/// Which drafts `exclude_own` keeps from a judge.
///
/// Language models score their own texts higher than others do: Panickssery et al., "LLM Evaluators Recognize and Favor
/// Their Own Generations", NeurIPS 2024; Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", NeurIPS
/// 2023, 3.3 (self-enhancement bias).
package enum OwnDrafts {
    /// Whether a writer's drafts are a judge's own: both are the same agent, or have a model in common, fallbacks
    /// included. The editor of a draft does not matter.
    package static func areOwn(writer: AgentDefinition, judge: AgentDefinition) -> Bool {
        writer.slug == judge.slug || writer.models.contains(where: judge.models.contains)
    }
}

/// Finds phases whose `exclude_own` would leave every judge without anything to judge.
struct OwnDraftsCheck {
    let agents: [String: AgentDefinition]
    let phases: [PhaseDefinition]

    func report(to reader: ObjectReader) {
        guard phases.contains(where: \.spec.excludesOwn) else { return }
        let ancestors = PhaseAncestors(phases).of
        for (index, phase) in phases.enumerated() where phase.spec.excludesOwn {
            let before = phases.filter { ancestors[phase.id]?.contains($0.id) ?? false }
            let writers = Set(before.filter { $0.kind == .write }.flatMap(\.spec.agents)).compactMap { agents[$0] }
            let judges = phase.spec.agents.compactMap { agents[$0] }
            guard !writers.isEmpty, !judges.isEmpty else { continue }
            let hasWork = judges.contains { judge in writers.contains { !OwnDrafts.areOwn(writer: $0, judge: judge) } }
            if hasWork { continue }
            reader.problems.report(
                "leaves the judges no draft: every writer shares its agent or a model with every judge",
                at: JSONPointer.appending("exclude_own", to: JSONPointer.appending(index, to: reader.place("phases"))))
        }
    }
}

extension PhaseSpec {
    /// Whether `exclude_own` is on.
    fileprivate var excludesOwn: Bool {
        if case .evaluate(let phase) = self { return phase.excludesOwn }
        if case .rank(let phase) = self { return phase.excludesOwn }
        return false
    }
}
