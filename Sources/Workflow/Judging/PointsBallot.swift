package import Foundation

/// Counts ballots by points for places, a positional scoring rule.
///
/// See F. Brandt et al., "Handbook of Computational Social Choice", 2016, 2.4.
package enum PointsBallot {
    /// How ties are broken, for people.
    package static let tieRule = "More points. " + Contender.tieRule

    /// Adds up the points and orders the candidates.
    ///
    /// - `candidates`: all that were on the ballots, in the order of their creation.
    /// - `points`: what the places earn; 0 past the end.
    /// - `initialScores`: averages of the initial evaluation, where there was one; a candidate without one comes after.
    ///
    /// A candidate that a judge leaves unranked earns nothing there and shares the mean of the ranks that are left, for
    /// the agreement. One that did not stand on a ballot has its points scaled up to all ballots. Names that are no
    /// candidates, and repeated ones, are passed over. The order of the ballots never matters.
    package static func aggregate(
        ballots: [Ballot], candidates: [UUID], points: [Double], initialScores: [UUID: Double] = [:]
    ) -> RankingOutcome {
        let sheets = ballots.map { ballot in
            JudgedSheet(ballot, candidates: candidates) { place, _ in place <= points.count ? points[place - 1] : 0 }
        }
        return SheetCount.aggregate(sheets, candidates: candidates, initialScores: initialScores)
    }
}
