/// Judges rank the outputs against each other.
package struct RankPhase: Sendable, Hashable {
    package var agents: [String]
    package var stage: Stage
    package var method: RankMethod
    /// What the first, second, … place earns: never negative, never rising; places past the end earn 0.
    package var points: [Double]
    /// A Mustache template; nil for `RankPrompt`.
    package var prompt: String?

    package static let defaultPoints: [Double] = [100, 60, 30, 10, 5]

    package init(
        agents: [String], stage: Stage = .final, method: RankMethod = .ballots, points: [Double] = Self.defaultPoints,
        prompt: String? = nil
    ) {
        self.agents = agents
        self.stage = stage
        self.method = method
        self.points = points
        self.prompt = prompt
    }
}

extension RankPhase {
    static let keys = ["agents", "stage", "method", "points", "prompt"]

    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let agents = phase.readAgents()
        let stage = reader.word("stage", as: Stage.self) ?? .final
        let method = reader.word("method", as: RankMethod.self) ?? .ballots
        let points = Self.readPoints(reader)
        let prompt = reader.template("prompt")
        guard let agents, let points else { return nil }
        self.init(agents: agents, stage: stage, method: method, points: points, prompt: prompt)
    }

    private static func readPoints(_ reader: ObjectReader) -> [Double]? {
        guard reader.value("points") != nil else { return defaultPoints }
        guard let elements = reader.list("points", atMost: 100) else { return nil }
        guard !elements.isEmpty else {
            reader.report("must have at least one number", at: "points")
            return nil
        }
        var points: [Double] = []
        for (index, element) in elements.enumerated() {
            let place = JSONPointer.appending(index, to: reader.place("points"))
            guard let value = element.double, (0...1e6).contains(value) else {
                reader.problems.report("must be a number from 0 to 1000000", at: place)
                continue
            }
            if let before = points.last, value > before {
                reader.problems.report("must not be more than the place before it earns", at: place)
            }
            points.append(value)
        }
        return points
    }
}
