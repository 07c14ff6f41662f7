import Base

/// Judges rank the outputs against each other.
package struct RankPhase: Sendable, Hashable {
    package var agents: [String]
    package var stage: Stage
    package var method: RankMethod
    /// For `ballots`: the points of the first, second, … place; never negative, never rising. Places past the end earn 0.
    package var points: [Double]
    /// For `bradley_terry`.
    package var comparisons: Comparisons
    /// For `mean`.
    package var scale: Scale
    /// For `mean`: at least one, ids unique.
    package var criteria: [Criterion]
    /// Whether a judge's own drafts are kept from it, see ``OwnDrafts``.
    package var excludesOwn: Bool
    /// A Mustache template; nil for `RankPrompt`.
    package var prompt: String?

    package static let defaultPoints: [Double] = [100, 60, 30, 10, 5]

    package init(
        agents: [String], stage: Stage = .final, method: RankMethod = .ballots, points: [Double] = Self.defaultPoints,
        comparisons: Comparisons = .ballots, scale: Scale = Scale(), criteria: [Criterion] = [.quality],
        excludesOwn: Bool = false, prompt: String? = nil
    ) {
        self.agents = agents
        self.stage = stage
        self.method = method
        self.points = points
        self.comparisons = comparisons
        self.scale = scale
        self.criteria = criteria
        self.excludesOwn = excludesOwn
        self.prompt = prompt
    }
}

extension RankPhase {
    /// The keys that only one method knows.
    private static let methodKeys: [(key: String, method: RankMethod)] = [
        ("points", .ballots), ("comparisons", .bradleyTerry), ("scale", .mean), ("criteria", .mean),
    ]

    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let agents = phase.readAgents()
        let stage = reader.word("stage", as: Stage.self) ?? .final
        let method = reader.value("method") == nil ? .ballots : reader.word("method", as: RankMethod.self)
        let points = Self.readPoints(reader)
        let comparisons = reader.word("comparisons", as: Comparisons.self) ?? .ballots
        let scale = reader.nested("scale").map(Scale.init(reading:)) ?? Scale()
        let criteria = Criterion.list(reading: reader)
        let excludesOwn = reader.boolean("exclude_own") ?? false
        let prompt = reader.template("prompt")
        if let method {
            for (key, owner) in Self.methodKeys where owner != method && reader.value(key) != nil {
                reader.report("belongs to the method '\(owner.rawValue)'", at: key)
            }
        }
        guard let agents, let method, let points, let criteria else { return nil }
        self.init(
            agents: agents, stage: stage, method: method, points: points, comparisons: comparisons, scale: scale,
            criteria: criteria, excludesOwn: excludesOwn, prompt: prompt)
    }

    private static func readPoints(_ reader: ObjectReader) -> [Double]? {
        guard reader.value("points") != nil else { return defaultPoints }
        guard let elements = reader.list("points", maxCount: 100) else { return nil }
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

/// How judges put outputs in order.
package enum RankMethod: String, Sendable, Hashable, CaseIterable {
    /// Each judge orders all of them, and places earn points.
    case ballots
    /// The same, and a place earns one point for each output behind it: Borda's count.
    case borda
    /// The most likely strengths, given which output was preferred to which, see ``BradleyTerry``.
    case bradleyTerry = "bradley_terry"
    /// Each judge scores all of them by criteria, side by side; the mean score counts.
    case mean
}

/// The source of the comparisons of `bradley_terry`.
package enum Comparisons: String, Sendable, Hashable, CaseIterable {
    /// Each judge orders all outputs once, and so compares every two of them.
    case ballots
    /// Each judge is asked about every two outputs separately.
    case pairs
}
