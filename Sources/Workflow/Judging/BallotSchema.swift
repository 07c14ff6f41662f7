package import Foundation

/// The shape of a judge's order of labelled candidates.
package enum BallotSchema {
    /// `{"ranking": ["B", "A", …], "reasoning": string}` for candidates with the labels `A`, `B`, …, the best first.
    package static func json(count: Int) -> JSON {
        let labels = BallotLabel.first(count).map(JSON.string)
        let ranking: JSON = [
            "type": "array", "items": ["type": "string", "enum": .array(labels)], "minItems": .integer(Int64(count)),
            "maxItems": .integer(Int64(count)),
        ]
        return [
            "type": "object", "properties": ["ranking": ranking, "reasoning": ["type": "string"]],
            "required": ["ranking", "reasoning"], "additionalProperties": false,
        ]
    }

    /// The same, as a model is asked for it.
    package static func response(count: Int) -> ResponseSchema {
        ResponseSchema(name: "ballot", schema: json(count: count))
    }

    /// Reads a model's answer about the candidates, given in the order in which they were labelled; throws
    /// `invalid_response` unless each label stands in it exactly once.
    package static func parse(
        _ text: String, candidates: [UUID], judge: String
    ) throws(ProviderError) -> (ballot: Ballot, reasoning: String) {
        let answer = try StructuredAnswer.object(in: text)
        guard let ranking = answer["ranking"]?.array else { throw StructuredAnswer.unreadable("it has no 'ranking'") }
        let byLabel = Dictionary(uniqueKeysWithValues: zip(BallotLabel.first(candidates.count), candidates))
        var order: [UUID] = []
        for value in ranking {
            guard let label = value.string, let id = byLabel[label] else {
                throw StructuredAnswer.unreadable("it ranks \(value.text.prefix(40)), which is on no label")
            }
            guard !order.contains(id) else { throw StructuredAnswer.unreadable("it ranks '\(label)' twice") }
            order.append(id)
        }
        guard order.count == candidates.count else { throw StructuredAnswer.unreadable("it does not rank every candidate") }
        return (Ballot(judge: judge, order: order), try StructuredAnswer.reasoning(in: answer))
    }
}
