package import Foundation

/// Orders candidates by their strengths in the Bradley–Terry model.
///
/// A ballot says of every two candidates on it which was preferred, so a whole ballot of n counts as n (n − 1) / 2
/// comparisons, and a question about a pair is a ballot of two.
package enum ComparisonCount {
    /// How ties are broken, for people.
    package static let tieRule = "The greater strength. " + Contender.tieRule

    /// - `candidates`: in the order of their creation.
    ///
    /// `total_score` is the strength (the geometric mean of all is 1), `avg_score` the share of comparisons with the other
    /// candidates that it is expected to win, 0…1. A judge's places and ranks are those of the shares that a candidate won
    /// of this judge's comparisons. A candidate that nobody compared has no strength and comes last.
    package static func aggregate(
        ballots: [Ballot], candidates: [UUID], initialScores: [UUID: Double] = [:]
    ) -> RankingOutcome {
        let all = Tally(ballots, candidates: candidates)
        let compared = candidates.indices.filter { all.comparisons($0) > 0 }
        let fit = BradleyTerry.fit(wins: compared.map { i in compared.map { all.wins[i][$0] } })
        let strengths = Dictionary(uniqueKeysWithValues: zip(compared, fit.strengths))
        let byJudge = Dictionary(grouping: ballots, by: \.judge).sorted { $0.key < $1.key }
        let sheets = byJudge.map { JudgedSheet(scores: Tally($0.value, candidates: candidates).shares, candidates: candidates) }
        let contenders = candidates.enumerated().map { index, id in
            let strength = strengths[index]
            let chances = strength.map { own in
                compared.filter { $0 != index }.compactMap { strengths[$0] }.map { own / (own + $0) }
            } ?? []
            return Contender(
                id: id, decisive: strength.map { log($0) }, total: strength,
                average: chances.isEmpty ? nil : chances.reduce(0, +) / Double(chances.count),
                places: SheetCount.places(of: id, sheets), initialScore: initialScores[id], created: index)
        }
        return RankingOutcome(
            entries: Contender.ranked(contenders, levelWithin: 1e-6), agreement: SheetCount.agreement(sheets, candidates),
            fit: compared.count < 2 ? nil : fit)
    }
}

/// Who was preferred to whom, and how often.
private struct Tally {
    let candidates: [UUID]
    /// By the positions of the candidates.
    private(set) var wins: [[Double]]

    init(_ ballots: [Ballot], candidates: [UUID]) {
        self.candidates = candidates
        wins = [[Double]](repeating: [Double](repeating: 0, count: candidates.count), count: candidates.count)
        let positions = Dictionary(uniqueKeysWithValues: candidates.enumerated().map { ($1, $0) })
        for ballot in ballots {
            let (order, standing) = ballot.cleaned(candidates)
            let ranked = order.compactMap { positions[$0] }
            let unranked = Set(standing.compactMap { positions[$0] }).subtracting(ranked)
            for (place, winner) in ranked.enumerated() {
                for loser in ranked[(place + 1)...] { wins[winner][loser] += 1 }
                for loser in unranked { wins[winner][loser] += 1 }
            }
        }
    }

    /// In how many comparisons a candidate took part.
    func comparisons(_ index: Int) -> Double {
        wins[index].reduce(0, +) + wins.reduce(0) { $0 + $1[index] }
    }

    /// What share of its comparisons each candidate won, of those who had any.
    var shares: [UUID: Double] {
        var shares: [UUID: Double] = [:]
        for (index, id) in candidates.enumerated() where comparisons(index) > 0 {
            shares[id] = wins[index].reduce(0, +) / comparisons(index)
        }
        return shares
    }
}
