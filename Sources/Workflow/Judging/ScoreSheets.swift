package import Foundation

/// One judge's scores of the candidates that it saw side by side.
package struct ScoreSheet: Sendable, Hashable {
    package var judge: String
    /// By candidate: one score, the mean of its criteria weighted.
    package var scores: [UUID: Double]

    package init(judge: String, scores: [UUID: Double]) {
        self.judge = judge
        self.scores = scores
    }
}

/// Orders candidates by the mean of their judges' scores (range voting, by the mean).
///
/// Each score is a weighted mean of criteria: Σ weight·score / Σ weight, see ``WeightedScore``.
package enum ScoreSheets {
    /// `total_score` is the sum over the judges, scaled up for a candidate that not all of them saw; else as in
    /// ``PointsBallot``.
    package static func aggregate(
        sheets: [ScoreSheet], candidates: [UUID], initialScores: [UUID: Double] = [:]
    ) -> RankingOutcome {
        SheetCount.aggregate(
            sheets.map { JudgedSheet(scores: $0.scores, candidates: candidates) }, candidates: candidates,
            initialScores: initialScores)
    }
}
