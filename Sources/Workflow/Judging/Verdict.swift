package import Base

/// A judge's scores of one output.
package struct Verdict: Sendable, Hashable {
    /// A score for each criterion, each on the scale.
    package var criteriaScores: [String: Double]
    package var reasoning: String

    package init(criteriaScores: [String: Double], reasoning: String) {
        self.criteriaScores = criteriaScores
        self.reasoning = reasoning
    }

    /// Reads a model's answer; throws `invalid_response` unless each criterion has a number on the scale. Nothing is made
    /// up: scores of other criteria are ignored, a missing reasoning is empty.
    package static func parse(
        _ text: String, criteria: [Criterion], scale: Scale
    ) throws(ProviderError) -> Verdict {
        let answer = try StructuredAnswer.object(in: text)
        guard let given = answer["criteria_scores"]?.object else {
            throw StructuredAnswer.unreadable("it has no 'criteria_scores'")
        }
        return Verdict(
            criteriaScores: try scores(in: given, criteria: criteria, scale: scale),
            reasoning: try StructuredAnswer.reasoning(in: answer))
    }

    /// One number on the scale for each criterion, or `invalid_response`.
    static func scores(
        in given: JSONObject, criteria: [Criterion], scale: Scale
    ) throws(ProviderError) -> [String: Double] {
        var scores: [String: Double] = [:]
        for criterion in criteria {
            guard let value = given[criterion.id] else {
                throw StructuredAnswer.unreadable("it has no score for '\(criterion.id)'")
            }
            guard let score = value.double else {
                throw StructuredAnswer.unreadable("its score for '\(criterion.id)' is not a number")
            }
            guard scale.contains(score) else {
                throw StructuredAnswer.unreadable(
                    "its score for '\(criterion.id)' is not from \(JSON.text(of: scale.min)) to \(JSON.text(of: scale.max))")
            }
            scores[criterion.id] = score
        }
        return scores
    }

    /// The value of `evaluations.criteria_scores`, in the order of the criteria.
    package static func json(_ scores: [String: Double], criteria: [Criterion]) -> JSON {
        .object(JSONObject(criteria.compactMap { criterion in scores[criterion.id].map { (criterion.id, .number($0)) } }))
    }
}

extension StructuredAnswer {
    /// The text under `reasoning`; empty when it is left out.
    static func reasoning(in answer: JSON) throws(ProviderError) -> String {
        guard let value = answer["reasoning"], !value.isNull else { return "" }
        guard let text = value.string else { throw unreadable("its 'reasoning' is not a text") }
        return text
    }
}

/// The shape of a judge's answer about one output.
package enum VerdictSchema {
    /// `{"reasoning": string, "criteria_scores": {<id>: number, …}}`, nothing else. Models write members in this order, so the
    /// reasons come before the scores.
    package static func evaluation(criteria: [Criterion], scale: Scale) -> JSON {
        let scores = scores(criteria: criteria, scale: scale)
        return [
            "type": "object", "properties": ["reasoning": ["type": "string"], "criteria_scores": scores],
            "required": ["reasoning", "criteria_scores"], "additionalProperties": false,
        ]
    }

    /// One number for each criterion.
    static func scores(criteria: [Criterion], scale: Scale) -> JSON {
        var properties: JSONObject = [:]
        for criterion in criteria {
            var property: JSON = ["type": "number", "minimum": .number(scale.min), "maximum": .number(scale.max)]
            if let description = criterion.description { property["description"] = .string(description) }
            properties[criterion.id] = property
        }
        return [
            "type": "object", "properties": .object(properties), "required": .array(criteria.map { .string($0.id) }),
            "additionalProperties": false,
        ]
    }

    /// The schema of an evaluation as it goes with a request to a model.
    package static func response(criteria: [Criterion], scale: Scale) -> ResponseSchema {
        ResponseSchema(name: "evaluation", schema: evaluation(criteria: criteria, scale: scale))
    }
}
