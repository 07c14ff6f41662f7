import Base

/// Every agent scores every output by the criteria.
package struct EvaluatePhase: Sendable, Hashable {
    package var agents: [String]
    package var stage: Stage
    package var scale: Scale
    /// At least one, ids unique.
    package var criteria: [Criterion]
    /// Whether a judge's own drafts are kept from it, see ``OwnDrafts``.
    package var excludesOwn: Bool
    /// A Mustache template; nil for `EvaluatePrompt`.
    package var prompt: String?

    package init(
        agents: [String], stage: Stage = .initial, scale: Scale = Scale(), criteria: [Criterion] = [.quality],
        excludesOwn: Bool = false, prompt: String? = nil
    ) {
        self.agents = agents
        self.stage = stage
        self.scale = scale
        self.criteria = criteria
        self.excludesOwn = excludesOwn
        self.prompt = prompt
    }
}

extension EvaluatePhase {
    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let agents = phase.readAgents()
        let stage = reader.word("stage", as: Stage.self) ?? .initial
        let scale = reader.nested("scale").map(Scale.init(reading:)) ?? Scale()
        let criteria = Criterion.list(reading: reader)
        let excludesOwn = reader.boolean("exclude_own") ?? false
        let prompt = reader.template("prompt")
        guard let agents, let criteria else { return nil }
        self.init(
            agents: agents, stage: stage, scale: scale, criteria: criteria, excludesOwn: excludesOwn, prompt: prompt)
    }
}

/// When outputs are judged: before the selection of finalists, or after it.
package enum Stage: String, Sendable, Hashable, CaseIterable {
    case initial, final
}
