import Base

/// One aspect that a judge scores.
package struct Criterion: Sendable, Hashable {
    package var id: String
    /// Above 0; only the ratio to the other weights counts.
    package var weight: Double
    package var description: String?

    /// The only criterion of a phase that names none.
    package static let quality = Criterion(id: "quality")

    package init(id: String, weight: Double = 1, description: String? = nil) {
        self.id = id
        self.weight = weight
        self.description = description
    }
}

extension Criterion {
    init?(reading reader: ObjectReader) {
        let id = reader.text("id", isRequired: true, maxLength: 10_000)
        if let id, !NamePattern.isIdentifier(id) { reader.report(NamePattern.identifierRule, at: "id") }
        let weight = reader.number("weight") ?? 1
        if weight <= 0 || weight > 1e6 { reader.report("must be above 0 and at most 1000000", at: "weight") }
        let description = reader.text("description", maxLength: 2_000)
        reader.refuseUnknownKeys()
        guard let id else { return nil }
        self.init(id: id, weight: weight, description: description)
    }
}

extension Criterion {
    /// The `criteria` of a phase; ``quality`` alone where it names none.
    static func list(reading reader: ObjectReader) -> [Criterion]? {
        guard reader.value("criteria") != nil else { return [.quality] }
        guard let parts = reader.objects("criteria", maxCount: 50) else { return nil }
        guard !parts.isEmpty else {
            reader.report("must have at least one criterion", at: "criteria")
            return nil
        }
        var criteria: [Criterion] = []
        var ids: Set<String> = []
        for part in parts {
            guard let criterion = Criterion(reading: part) else { continue }
            if !ids.insert(criterion.id).inserted { part.report("is the id of another criterion", at: "id") }
            criteria.append(criterion)
        }
        return criteria
    }
}

/// The range of a judge's scores, both ends included.
package struct Scale: Sendable, Hashable {
    package var min: Double
    /// Above `min`.
    package var max: Double

    package init(min: Double = 1, max: Double = 10) {
        self.min = min
        self.max = max
    }

    package func contains(_ score: Double) -> Bool {
        score >= min && score <= max
    }
}

extension Scale {
    init(reading reader: ObjectReader) {
        self.init(min: reader.number("min", in: -1e6...1e6) ?? 1, max: reader.number("max", in: -1e6...1e6) ?? 10)
        reader.refuseUnknownKeys()
        if min >= max {
            reader.problems.report(
                "must have a 'max' above its 'min' (\(JSON.text(of: min)) and \(JSON.text(of: max)))", at: reader.pointer)
        }
    }
}

/// A judge's scores by criterion, made one score.
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
