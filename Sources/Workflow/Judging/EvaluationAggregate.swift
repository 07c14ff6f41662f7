package import Foundation

/// Orders outputs by scores that judges gave each of them separately.
package enum EvaluationAggregate {
    /// One judge's score of one output; nil when the evaluation failed.
    package struct Score: Sendable, Hashable {
        package var outputID: UUID
        package var judge: String
        package var score: Double?

        package init(outputID: UUID, judge: String, score: Double?) {
            self.outputID = outputID
            self.judge = judge
            self.score = score
        }
    }

    /// One output's place.
    package struct Standing: Sendable, Hashable {
        package var outputID: UUID
        /// The mean over completed evaluations; nil without any.
        package var meanScore: Double?
        package var completed: Int
        package var failed: Int
        /// From 1, without gaps or repeats.
        package var rank: Int
    }

    /// Orders `outputs`, given in the order of their creation: by the mean score, then by the number of completed
    /// evaluations, then by creation; outputs without a completed evaluation come last.
    ///
    /// Failed evaluations are counted and otherwise left out: a verdict that cannot be read is no score. The order of
    /// `scores` does not matter.
    package static func rank(outputs: [UUID], scores: [Score]) -> [Standing] {
        let byOutput = Dictionary(grouping: scores, by: \.outputID)
        let standings = outputs.map { id in
            // Sorted: rounding must not depend on the order of arrival.
            let values = (byOutput[id] ?? []).compactMap(\.score).sorted()
            return Standing(
                outputID: id, meanScore: values.isEmpty ? nil : values.reduce(0, +) / Double(values.count),
                completed: values.count, failed: (byOutput[id]?.count ?? 0) - values.count, rank: 0)
        }
        let order = standings.indices.sorted { left, right in
            let first = standings[left], second = standings[right]
            if first.meanScore != second.meanScore {
                return (first.meanScore ?? -.infinity) > (second.meanScore ?? -.infinity)
            }
            if first.completed != second.completed { return first.completed > second.completed }
            return left < right
        }
        return order.enumerated().map { position, index in
            var standing = standings[index]
            standing.rank = position + 1
            return standing
        }
    }

    /// How far the judges agree, over the ranks of their scores, see ``Agreement/concordance(ranks:)``.
    package static func agreement(outputs: [UUID], scores: [Score]) -> Double? {
        let byJudge = Dictionary(grouping: scores.filter { $0.score != nil }, by: \.judge).sorted { $0.key < $1.key }
        let rows = byJudge.map { _, scores in
            let table = Dictionary(scores.map { ($0.outputID, $0.score ?? 0) }) { _, last in last }
            let judged = outputs.filter { table[$0] != nil }
            let ranks = Dictionary(uniqueKeysWithValues: zip(judged, Agreement.midranks(of: judged.map { table[$0] ?? 0 })))
            return outputs.map { ranks[$0] }
        }
        return Agreement.concordance(ranks: rows)
    }
}
