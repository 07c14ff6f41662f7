package import Base
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

/// The shape of a judge's scores of several labelled candidates.
package enum ScoreSheetSchema {
    /// `{"reasoning": string, "scores": {"A": {<criterion>: number, …}, "B": …}}`, nothing else. Models write members in this
    /// order, so the reasons come before the scores.
    package static func json(count: Int, criteria: [Criterion], scale: Scale) -> JSON {
        let labels = BallotLabel.first(count)
        let one = VerdictSchema.scores(criteria: criteria, scale: scale)
        let scores: JSON = [
            "type": "object", "properties": .object(labels.reduce(into: [:]) { $0[$1] = one }),
            "required": .array(labels.map(JSON.string)), "additionalProperties": false,
        ]
        return [
            "type": "object", "properties": ["reasoning": ["type": "string"], "scores": scores],
            "required": ["reasoning", "scores"], "additionalProperties": false,
        ]
    }

    /// The schema as it goes with a request to a model.
    package static func response(count: Int, criteria: [Criterion], scale: Scale) -> ResponseSchema {
        ResponseSchema(name: "score_sheet", schema: json(count: count, criteria: criteria, scale: scale))
    }

    /// Reads a model's answer about the candidates, given in the order in which they were labelled; throws
    /// `invalid_response` unless each candidate has a number on the scale for each criterion.
    package static func parse(
        _ text: String, candidates: [UUID], criteria: [Criterion], scale: Scale
    ) throws(ProviderError) -> (scores: [UUID: [String: Double]], reasoning: String) {
        let answer = try StructuredAnswer.object(in: text)
        guard let given = answer["scores"]?.object else { throw StructuredAnswer.unreadable("it has no 'scores'") }
        var scores: [UUID: [String: Double]] = [:]
        for (label, id) in zip(BallotLabel.first(candidates.count), candidates) {
            guard let own = given[label]?.object else {
                throw StructuredAnswer.unreadable("it has no scores for '\(label)'")
            }
            scores[id] = try Verdict.scores(in: own, criteria: criteria, scale: scale)
        }
        guard given.count == candidates.count else {
            throw StructuredAnswer.unreadable("it scores what is on no label")
        }
        return (scores, try StructuredAnswer.reasoning(in: answer))
    }
}
