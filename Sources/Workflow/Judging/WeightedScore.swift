/// One score from a judge's scores by criterion.
package enum WeightedScore {
    /// The weighted mean, on the scale of the scores: Σ weight·score / Σ weight; nil when a criterion has no score.
    package static func mean(of scores: [String: Double], criteria: [Criterion]) -> Double? {
        var sum = 0.0, weights = 0.0
        for criterion in criteria {
            guard let score = scores[criterion.id] else { return nil }
            sum += criterion.weight * score
            weights += criterion.weight
        }
        return weights > 0 ? sum / weights : nil
    }

    /// The score as a part of its scale: 0 at the lowest, 1 at the highest.
    package static func normalized(_ score: Double, scale: Scale) -> Double {
        (score - scale.min) / (scale.max - scale.min)
    }
}
