package import Foundation

/// The result of counting ballots.
package struct RankingOutcome: Sendable, Hashable {
    /// The best first; ranks are 1, 2, 3, … without gaps or repeats.
    package var entries: [RankingEntry]
    /// Kendall's W over the ballots, 0 (none) … 1 (all judges agree); nil with fewer than two judges or candidates.
    package var agreement: Double?

    package init(entries: [RankingEntry], agreement: Double?) {
        self.entries = entries
        self.agreement = agreement
    }
}

/// One output's place.
package struct RankingEntry: Sendable, Hashable {
    package var outputID: UUID
    /// From 1.
    package var rank: Int
    /// The sum of the points that its places earned.
    package var totalScore: Double
    /// The total divided by the number of ballots; 0 without any.
    package var avgScore: Double
    /// How many judges put it first.
    package var firstPlaces: Int

    package init(outputID: UUID, rank: Int, totalScore: Double, avgScore: Double, firstPlaces: Int) {
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
            "output_id": .string(outputID.text), "rank": .integer(Int64(rank)), "total_score": .number(totalScore),
            "avg_score": .number(avgScore), "first_places": .integer(Int64(firstPlaces)),
        ]
    }
}
