/// The shape of a judge's answer about one output.
package enum VerdictSchema {
    /// `{"criteria_scores": {<id>: number, …}, "reasoning": string}`, nothing else.
    package static func evaluation(criteria: [Criterion], scale: Scale) -> JSON {
        let scores = scores(criteria: criteria, scale: scale)
        return [
            "type": "object", "properties": ["criteria_scores": scores, "reasoning": ["type": "string"]],
            "required": ["criteria_scores", "reasoning"], "additionalProperties": false,
        ]
    }

    /// One number for each criterion.
    static func scores(criteria: [Criterion], scale: Scale) -> JSON {
        var properties: [String: JSON] = [:]
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

    /// The shape of an evaluation, as a model is asked for it.
    package static func response(criteria: [Criterion], scale: Scale) -> ResponseSchema {
        ResponseSchema(name: "evaluation", schema: evaluation(criteria: criteria, scale: scale))
    }
}
