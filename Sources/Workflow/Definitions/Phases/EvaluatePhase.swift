/// Every agent scores every output by the criteria.
package struct EvaluatePhase: Sendable, Hashable {
    package var agents: [String]
    package var stage: Stage
    package var scale: Scale
    /// At least one, ids unique.
    package var criteria: [Criterion]
    /// A Mustache template; nil for `EvaluatePrompt`.
    package var prompt: String?

    package init(
        agents: [String], stage: Stage = .initial, scale: Scale = Scale(), criteria: [Criterion] = [.quality],
        prompt: String? = nil
    ) {
        self.agents = agents
        self.stage = stage
        self.scale = scale
        self.criteria = criteria
        self.prompt = prompt
    }
}

extension EvaluatePhase {
    static let keys = ["agents", "stage", "scale", "criteria", "prompt"]

    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let agents = phase.readAgents()
        let stage = reader.word("stage", as: Stage.self) ?? .initial
        let scale = reader.object("scale").map(Scale.init(reading:)) ?? Scale()
        let criteria = Self.readCriteria(reader)
        let prompt = reader.template("prompt")
        guard let agents, let criteria else { return nil }
        self.init(agents: agents, stage: stage, scale: scale, criteria: criteria, prompt: prompt)
    }

    private static func readCriteria(_ reader: ObjectReader) -> [Criterion]? {
        guard reader.value("criteria") != nil else { return [.quality] }
        guard let elements = reader.list("criteria", atMost: 50) else { return nil }
        guard !elements.isEmpty else {
            reader.report("must have at least one criterion", at: "criteria")
            return nil
        }
        var criteria: [Criterion] = []
        var ids: Set<String> = []
        for (index, element) in elements.enumerated() {
            let place = JSONPointer.appending(index, to: reader.place("criteria"))
            guard let part = ObjectReader(element, at: place, problems: reader.problems),
                let criterion = Criterion(reading: part)
            else { continue }
            if !ids.insert(criterion.id).inserted { part.report("is the id of another criterion", at: "id") }
            criteria.append(criterion)
        }
        return criteria
    }
}
