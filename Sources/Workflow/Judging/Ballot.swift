package import Base
package import Foundation

/// One judge's order of the candidates.
package struct Ballot: Sendable, Hashable {
    /// The agent's slug, or a person's id.
    package var judge: String
    /// The best first.
    package var order: [UUID]
    /// The candidates of this ballot, ranked or not; nil for all. The ballot says nothing about the others.
    package var candidates: Set<UUID>?

    package init(judge: String, order: [UUID], candidates: Set<UUID>? = nil) {
        self.judge = judge
        self.order = order
        self.candidates = candidates
    }
}

extension Ballot {
    /// The order without ids that are no candidates and without repeated ones, and the candidates of this ballot.
    func cleaned(_ all: [UUID]) -> (order: [UUID], standing: [UUID]) {
        let standing = candidates.map { own in all.filter(own.contains) } ?? all
        let known = Set(standing)
        var seen: Set<UUID> = []
        return (order.filter { known.contains($0) && seen.insert($0).inserted }, standing)
    }
}

/// The labels of candidates on a ballot: A…Z, AA, AB, …; they hide the writers.
package enum BallotLabel {
    /// `index` counts from 0.
    package static func text(_ index: Int) -> String {
        var rest = index
        var label = ""
        repeat {
            label = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(rest % 26))) + label
            rest = rest / 26 - 1
        } while rest >= 0
        return label
    }

    /// The first `count` labels.
    package static func first(_ count: Int) -> [String] {
        (0..<count).map(text)
    }
}

/// The order in which candidates are shown to a judge.
///
/// Language models prefer the first or the last candidate, whatever it says. So each judge sees another order, and all
/// judges together see each candidate in each place about equally often. See Zheng et al., "Judging LLM-as-a-Judge with
/// MT-Bench and Chatbot Arena", NeurIPS 2023, 3.3 (position bias); E. J. Williams, "Experimental Designs Balanced for the
/// Estimation of Residual Effects of Treatments", Austral. J. Sci. Res. A 2 (1949).
package enum BallotOrder {
    /// The order for the judge with a number (from 0), the same for the same finalists, task and phase.
    ///
    /// Every second judge sees the order of the one before it backwards. Over n judges (2n where the number n of
    /// finalists is odd) each finalist has each place equally often, and comes directly behind each other one equally
    /// often: a Williams square. A seeded lot decides which finalist takes which part in it.
    package static func balanced(_ finalists: [UUID], task: UUID, phase: String, judge number: Int) -> [UUID] {
        let drawn = drawn(finalists, task: task, phase: phase)
        guard !drawn.isEmpty else { return [] }
        let row = number / 2
        let order = drawn.indices.map { place in
            // 0, 1, n−1, 2, n−2, …, moved on by one for each row.
            let step = place % 2 == 1 ? (place + 1) / 2 : drawn.count - place / 2
            return drawn[(step + row) % drawn.count]
        }
        return number % 2 == 0 ? order : order.reversed()
    }

    /// Every two finalists, each pair in the order in which the judge with a number (from 0) sees it.
    ///
    /// In a judge's pairs each finalist comes first about as often as second. The next judge sees each pair the other way
    /// round.
    package static func pairs(_ finalists: [UUID], task: UUID, phase: String, judge number: Int) -> [[UUID]] {
        let drawn = drawn(finalists, task: task, phase: phase)
        return drawn.indices.flatMap { i in
            drawn.indices[(i + 1)...].map { j in
                (i + j + number) % 2 == 0 ? [drawn[i], drawn[j]] : [drawn[j], drawn[i]]
            }
        }
    }

    private static func drawn(_ finalists: [UUID], task: UUID, phase: String) -> [UUID] {
        var generator = SeededGenerator(seedingFrom: "ballot", task.text, phase)
        return generator.shuffled(finalists.sorted { $0.text < $1.text })
    }
}

/// The shape of a judge's order of labelled candidates.
package enum BallotSchema {
    /// `{"reasoning": string, "ranking": ["B", "A", …]}` for candidates with the labels `A`, `B`, …, the best first. Models
    /// write members in this order, so the reasons come before the order.
    package static func json(count: Int) -> JSON {
        let labels = BallotLabel.first(count).map(JSON.string)
        let ranking: JSON = [
            "type": "array", "items": ["type": "string", "enum": .array(labels)], "minItems": .integer(Int64(count)),
            "maxItems": .integer(Int64(count)),
        ]
        return [
            "type": "object", "properties": ["reasoning": ["type": "string"], "ranking": ranking],
            "required": ["reasoning", "ranking"], "additionalProperties": false,
        ]
    }

    /// The schema as it goes with a request to a model.
    package static func response(count: Int) -> ResponseSchema {
        ResponseSchema(name: "ballot", schema: json(count: count))
    }

    /// Reads a model's answer about the candidates, given in the order in which they were labelled; throws
    /// `invalid_response` unless it has each label exactly once.
    package static func parse(
        _ text: String, candidates: [UUID], judge: String
    ) throws(ProviderError) -> (ballot: Ballot, reasoning: String) {
        let answer = try StructuredAnswer.object(in: text)
        guard let ranking = answer["ranking"]?.array else { throw StructuredAnswer.unreadable("it has no 'ranking'") }
        let byLabel = Dictionary(uniqueKeysWithValues: zip(BallotLabel.first(candidates.count), candidates))
        var order: [UUID] = []
        for value in ranking {
            guard let label = value.string, let id = byLabel[label] else {
                throw StructuredAnswer.unreadable("it ranks what is on no label")
            }
            guard !order.contains(id) else { throw StructuredAnswer.unreadable("it ranks '\(label)' twice") }
            order.append(id)
        }
        guard order.count == candidates.count else { throw StructuredAnswer.unreadable("it does not rank every candidate") }
        return (Ballot(judge: judge, order: order), try StructuredAnswer.reasoning(in: answer))
    }
}
