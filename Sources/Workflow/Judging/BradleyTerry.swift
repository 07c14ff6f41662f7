package import Foundation

/// The Bradley–Terry model: candidate i is preferred to j with probability pᵢ / (pᵢ + pⱼ).
///
/// R. A. Bradley and M. E. Terry, "Rank Analysis of Incomplete Block Designs", Biometrika 39 (1952); E. Zermelo, Math. Z.
/// 29 (1929).
package enum BradleyTerry {
    /// The strengths that make the comparisons most likely.
    package struct Fit: Sendable, Hashable {
        /// In the order of the candidates; their geometric mean is 1.
        package var strengths: [Double]
        package var iterations: Int
        /// Whether no strength moved by more than ``tolerance`` (as a logarithm) in the last iteration.
        package var isConverged: Bool
        /// Whether the comparisons alone have no maximum, so that ``weakPrior`` was added.
        package var usesPrior: Bool
    }

    /// How far a strength's logarithm may still move when the iteration stops.
    package static let tolerance = 1e-9
    /// The limit of iterations; then the strengths are taken as they are.
    package static let maxIterations = 1_000
    /// Added to the wins of every candidate over every other one where the comparisons alone have no maximum.
    package static let weakPrior = 0.1

    /// Estimates the strengths by maximum likelihood.
    ///
    /// `wins[i][j]` is how often i was preferred to j; the diagonal does not count.
    ///
    /// A finite maximum exists, and only one, when in every division of the candidates into two groups one of each group
    /// was preferred to one of the other (L. R. Ford, 1957; D. R. Hunter, "MM algorithms for generalized Bradley–Terry
    /// models", Ann. Statist. 32 (2004), assumption 1). Where there is none (a candidate that always wins or always loses,
    /// groups that were never compared), ``weakPrior`` between every two candidates makes one exist (G. R. Conner and
    /// C. P. Grant, Eur. J. Appl. Math. 11 (2000)).
    ///
    /// The iteration is M. E. J. Newman's, "Efficient Computation of Rankings from Pairwise Comparisons", J. Mach. Learn.
    /// Res. 24 (2023), eq. 13, one candidate after the other: pᵢ ← Σⱼ wᵢⱼ pⱼ/(pᵢ+pⱼ) / Σⱼ wⱼᵢ/(pᵢ+pⱼ). It climbs to the same
    /// maximum as Hunter's MM algorithm in a hundredth of the steps where judges nearly agree.
    package static func fit(wins: [[Double]]) -> Fit {
        let count = wins.count
        let usesPrior = !isConnected(wins)
        let wins = usesPrior ? wins.map { row in row.map { $0 + weakPrior } } : wins
        var fit = Fit(
            strengths: [Double](repeating: 1, count: count), iterations: 0, isConverged: count < 2, usesPrior: usesPrior)
        while !fit.isConverged, fit.iterations < maxIterations {
            let before = fit.strengths
            for i in 0..<count { fit.strengths[i] = improved(i, fit.strengths, wins) }
            let mean = exp(fit.strengths.map { log($0) }.reduce(0, +) / Double(count))
            for i in 0..<count { fit.strengths[i] /= mean }
            fit.iterations += 1
            fit.isConverged = zip(fit.strengths, before).allSatisfy { abs(log($0) - log($1)) <= tolerance }
        }
        return fit
    }

    private static func improved(_ i: Int, _ strengths: [Double], _ wins: [[Double]]) -> Double {
        var won = 0.0, lost = 0.0
        for j in strengths.indices where j != i {
            let sum = strengths[i] + strengths[j]
            won += wins[i][j] * strengths[j] / sum
            lost += wins[j][i] / sum
        }
        return won / lost
    }

    /// Whether every candidate was preferred to every other one, over some chain of comparisons.
    package static func isConnected(_ wins: [[Double]]) -> Bool {
        func reachesAll(_ hasEdge: (Int, Int) -> Bool) -> Bool {
            var reached: Set<Int> = wins.isEmpty ? [] : [0]
            var open = Array(reached)
            while let i = open.popLast() {
                for j in wins.indices where j != i && hasEdge(i, j) && reached.insert(j).inserted { open.append(j) }
            }
            return reached.count == wins.count
        }
        return reachesAll { wins[$0][$1] > 0 } && reachesAll { wins[$1][$0] > 0 }
    }
}

/// Orders candidates by their strengths in the Bradley–Terry model.
///
/// A ballot compares every two of its candidates: a whole ballot of n counts as n (n − 1) / 2 comparisons, a question
/// about a pair as one.
package enum ComparisonCount {
    /// - `candidates`: in the order of their creation.
    ///
    /// `total_score` is the strength (the geometric mean of all is 1), `avg_score` the share of comparisons with the other
    /// candidates that it is expected to win, 0…1. A judge's places and ranks are those of the shares that a candidate won
    /// of this judge's comparisons. A candidate without comparisons has no strength and comes last.
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

/// How often each candidate was preferred to each other one.
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

    /// The share of its comparisons that each candidate won; without candidates that had none.
    var shares: [UUID: Double] {
        var shares: [UUID: Double] = [:]
        for (index, id) in candidates.enumerated() where comparisons(index) > 0 {
            shares[id] = wins[index].reduce(0, +) / comparisons(index)
        }
        return shares
    }
}
