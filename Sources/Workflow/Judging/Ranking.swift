package import Base
package import Foundation

/// The result of counting ballots.
package struct RankingOutcome: Sendable, Hashable {
    /// The best first; ranks are 1, 2, 3, … without gaps or repeats.
    package var entries: [RankingEntry]
    /// Kendall's W over the judges, 0 (none) … 1 (all agree), see ``Agreement``; nil with fewer than two judges or
    /// candidates.
    package var agreement: Double?
    /// How the strengths were found, where a model was fitted.
    package var fit: BradleyTerry.Fit?

    package init(entries: [RankingEntry], agreement: Double?, fit: BradleyTerry.Fit? = nil) {
        self.entries = entries
        self.agreement = agreement
        self.fit = fit
    }
}

/// One output's place.
package struct RankingEntry: Sendable, Hashable {
    package var outputID: UUID
    /// From 1.
    package var rank: Int
    /// The sum of what the judges gave it, or its strength; nil when no judge saw it.
    package var totalScore: Double?
    /// The mean of what the judges gave it, or the share of comparisons that it is expected to win; nil when no judge saw
    /// it.
    package var avgScore: Double?
    /// How many judges put it first.
    package var firstPlaces: Int

    package init(outputID: UUID, rank: Int, totalScore: Double?, avgScore: Double?, firstPlaces: Int) {
        self.outputID = outputID
        self.rank = rank
        self.totalScore = totalScore
        self.avgScore = avgScore
        self.firstPlaces = firstPlaces
    }
}

extension RankingEntry {
    /// An element of `rankings.entries`.
    package var json: JSON {
        [
            "output_id": .string(outputID.text), "rank": .integer(Int64(rank)), "total_score": totalScore.map(JSON.number) ?? .null,
            "avg_score": avgScore.map(JSON.number) ?? .null, "first_places": .integer(Int64(firstPlaces)),
        ]
    }
}

extension BradleyTerry.Fit {
    /// How the strengths were found, in a phase's output.
    package var json: JSON {
        ["iterations": .integer(Int64(iterations)), "converged": .bool(isConverged), "prior": .bool(usesPrior)]
    }
}

/// Adds up the sheets of all judges.
enum SheetCount {
    /// Orders the candidates by the mean of what their sheets are worth to them.
    ///
    /// The total of a candidate that is on some sheets only is its mean times the number of all sheets, so that it loses
    /// nothing. A candidate that is on none has no total and comes last. The order of the sheets does not matter.
    static func aggregate(
        _ sheets: [JudgedSheet], candidates: [UUID], initialScores: [UUID: Double]
    ) -> RankingOutcome {
        let contenders = candidates.enumerated().map { created, id in
            // Sorted: rounding must not depend on the order of the sheets.
            let values = sheets.compactMap { $0.worth[id] }.sorted()
            let sum = values.reduce(0, +)
            let isEverywhere = values.count == sheets.count
            let mean: Double? = values.isEmpty ? (sheets.isEmpty ? 0 : nil) : sum / Double(values.count)
            let total = isEverywhere ? sum : mean.map { $0 * Double(sheets.count) }
            return Contender(
                id: id, decisive: total, total: total, average: mean, places: places(of: id, sheets),
                initialScore: initialScores[id], created: created)
        }
        return RankingOutcome(
            entries: Contender.ranked(contenders, levelWithin: 1e-12), agreement: agreement(sheets, candidates))
    }

    /// How far the judges of the sheets agree.
    static func agreement(_ sheets: [JudgedSheet], _ candidates: [UUID]) -> Double? {
        Agreement.concordance(ranks: sheets.map { sheet in candidates.map { sheet.ranks[$0] } })
    }

    /// How often a candidate has each place.
    static func places(of id: UUID, _ sheets: [JudgedSheet]) -> [Int] {
        var counts: [Int] = []
        for place in sheets.compactMap({ $0.places[id] }) {
            while counts.count < place { counts.append(0) }
            counts[place - 1] += 1
        }
        return counts
    }
}

/// One judge's opinion of the candidates that it saw; candidates that are missing were not shown to it.
struct JudgedSheet {
    /// The points or the score of each candidate.
    var worth: [UUID: Double]
    /// From 1; level candidates share the best place. A candidate that the judge left unranked has none.
    var places: [UUID: Int]
    /// From 1; level candidates share the mean of their ranks.
    var ranks: [UUID: Double]

    /// A strict order; `worth` gives the points of a place (from 1) among `size` candidates.
    init(_ ballot: Ballot, candidates: [UUID], worth: (_ place: Int, _ size: Int) -> Double) {
        let (order, standing) = ballot.cleaned(candidates)
        self.worth = [:]
        places = [:]
        ranks = [:]
        for (index, id) in order.enumerated() {
            places[id] = index + 1
            ranks[id] = Double(index + 1)
            self.worth[id] = worth(index + 1, standing.count)
        }
        let leftOver = Double(order.count + 1 + standing.count) / 2
        for id in standing where places[id] == nil {
            ranks[id] = leftOver
            self.worth[id] = 0
        }
    }

    /// The order that scores make; the highest is the best.
    init(scores: [UUID: Double], candidates: [UUID]) {
        let standing = candidates.filter { scores[$0] != nil }
        worth = scores.filter { standing.contains($0.key) }
        places = [:]
        ranks = Dictionary(
            uniqueKeysWithValues: zip(standing, Agreement.midranks(of: standing.map { scores[$0] ?? 0 })))
        for id in standing {
            places[id] = 1 + standing.count { scores[$0] ?? 0 > scores[id] ?? 0 }
        }
    }
}
