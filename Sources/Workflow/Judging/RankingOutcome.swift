package import Foundation

/// The result of counting ballots.
package struct RankingOutcome: Sendable, Hashable {
    /// The best first; ranks are 1, 2, 3, … without gaps or repeats.
    package var entries: [RankingEntry]
    /// Kendall's W over the judges, 0 (none) … 1 (all agree), see ``Agreement``; nil with fewer than two judges or
    /// candidates.
    package var agreement: Double?
    /// How the strengths were found, where a model was fitted.
    package var fit: BradleyTerry.Fit?

    package init(entries: [RankingEntry], agreement: Double?, fit: BradleyTerry.Fit? = nil) {
        self.entries = entries
        self.agreement = agreement
        self.fit = fit
    }
}

/// One output's place.
package struct RankingEntry: Sendable, Hashable {
    package var outputID: UUID
    /// From 1.
    package var rank: Int
    /// The sum of what the judges gave it, or its strength; nil when nobody judged it.
    package var totalScore: Double?
    /// The mean of what the judges gave it, or the share of comparisons that it is expected to win; nil when nobody
    /// judged it.
    package var avgScore: Double?
    /// How many judges put it first.
    package var firstPlaces: Int

    package init(outputID: UUID, rank: Int, totalScore: Double?, avgScore: Double?, firstPlaces: Int) {
        self.outputID = outputID
        self.rank = rank
        self.totalScore = totalScore
        self.avgScore = avgScore
        self.firstPlaces = firstPlaces
    }
}

extension RankingEntry {
    /// An element of `rankings.entries`.
    package var json: JSON {
        [
            "output_id": .string(outputID.text), "rank": .integer(Int64(rank)), "total_score": totalScore.map(JSON.number) ?? .null,
            "avg_score": avgScore.map(JSON.number) ?? .null, "first_places": .integer(Int64(firstPlaces)),
        ]
    }
}

extension BradleyTerry.Fit {
    /// How the strengths were found, in a phase's output.
    package var json: JSON {
        ["iterations": .integer(Int64(iterations)), "converged": .bool(isConverged), "prior": .bool(usesPrior)]
    }
}
