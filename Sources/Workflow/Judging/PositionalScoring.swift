package import Foundation

/// Counts ballots by points for places, a positional scoring rule.
///
/// See F. Brandt et al., "Handbook of Computational Social Choice", 2016, 2.4.
package enum PointsBallot {
    /// Adds up the points and orders the candidates.
    ///
    /// - `candidates`: all that were on the ballots, in the order of their creation.
    /// - `points`: what the places earn; 0 past the end.
    /// - `initialScores`: averages of the initial evaluation, where there was one; a candidate without one comes after.
    ///
    /// A candidate that a judge leaves unranked earns nothing on that ballot; for the agreement it shares the mean of the
    /// ranks that are left. The points of a candidate that was not on every ballot are scaled up to all ballots. Ids that
    /// are no candidates, and repeated ones, are ignored. The order of the ballots does not matter.
    package static func aggregate(
        ballots: [Ballot], candidates: [UUID], points: [Double], initialScores: [UUID: Double] = [:]
    ) -> RankingOutcome {
        let sheets = ballots.map { ballot in
            JudgedSheet(ballot, candidates: candidates) { place, _ in place <= points.count ? points[place - 1] : 0 }
        }
        return SheetCount.aggregate(sheets, candidates: candidates, initialScores: initialScores)
    }
}

/// Borda's count: on a ballot of n candidates the first earns n − 1 points, the second n − 2, the last none.
///
/// J.-C. de Borda, "Mémoire sur les élections au scrutin", 1781; F. Brandt et al., "Handbook of Computational Social
/// Choice", 2016, 2.4. Worked example in the tests: the capital of Tennessee (Wikipedia, "Borda count").
package enum BordaCount {
    /// The points of a place (from 1) on a ballot of `size` where there are `all` candidates: `all − place` on a whole
    /// ballot. On a ballot without some candidates the points are stretched to the same range, 0 … `all − 1`, so that the
    /// points of every ballot have the same mean; the candidate of a ballot of one earns that mean.
    package static func points(place: Int, of size: Int, all: Int) -> Double {
        let range = Double(max(0, all - 1))
        guard size > 1 else { return range / 2 }
        return Double(size - place) * range / Double(size - 1)
    }

    /// Adds up the points and orders the candidates; else as in ``PointsBallot``.
    package static func aggregate(
        ballots: [Ballot], candidates: [UUID], initialScores: [UUID: Double] = [:]
    ) -> RankingOutcome {
        let sheets = ballots.map { ballot in
            JudgedSheet(ballot, candidates: candidates) { points(place: $0, of: $1, all: candidates.count) }
        }
        return SheetCount.aggregate(sheets, candidates: candidates, initialScores: initialScores)
    }
}
