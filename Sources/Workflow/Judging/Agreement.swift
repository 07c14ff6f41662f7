import Base

/// How far judges agree.
package enum Agreement {
    /// Kendall's coefficient of concordance W, corrected for ties: 0 (no agreement) … 1 (the same order from all).
    ///
    /// `ranks` has a row for each judge and in it a rank for each object, 1 for the best; tied objects have the mean of
    /// the ranks they take up (`midranks`). Nil with fewer than two judges or two objects, with rows of different
    /// lengths, and when every judge ties everything.
    ///
    /// W = (12 ΣRᵢ² − 3 m² n (n+1)²) / (m² n (n²−1) − m ΣTⱼ), with m judges, n objects, Rᵢ the sum of an object's ranks,
    /// and Tⱼ = Σ(t³−t) over the groups of t ties of judge j. Kendall and Babington Smith, "The Problem of m Rankings",
    /// Ann. Math. Statist. 10 (1939); Siegel and Castellan, "Nonparametric Statistics", 2nd ed. 1988, 9.5.
    package static func kendallW(ranks: [[Double]]) -> Double? {
        guard ranks.count >= 2, let objects = ranks.first?.count, objects >= 2,
            ranks.allSatisfy({ $0.count == objects })
        else { return nil }
        let m = Double(ranks.count), n = Double(objects)
        let squares = (0..<objects).map { object in
            let sum = ranks.map { $0[object] }.sorted().reduce(0, +)
            return sum * sum
        }
        let ties = ranks.map(tieCorrection).sorted().reduce(0, +)
        let numerator = 12 * squares.reduce(0, +) - 3 * m * m * n * (n + 1) * (n + 1)
        let denominator = m * m * n * (n * n - 1) - m * ties
        guard denominator > 0 else { return nil }
        return min(1, max(0, numerator / denominator))
    }

    /// How far judges agree that did not all rank the same objects: a rank is nil where a judge was not asked.
    ///
    /// Where all ranked everything this is ``kendallW(ranks:)``. Else it is (1 + (m − 1) r̄) / m, at least 0, with r̄ the mean
    /// of Spearman's rank correlations of every two judges over the objects that both ranked, at least two; without ties
    /// the same as W where all are there (Kendall and Babington Smith 1939; Siegel and Castellan 1988, 9.5). Nil when no
    /// two judges can be compared.
    package static func concordance(ranks: [[Double?]]) -> Double? {
        let ranks = ranks.map { row in row.indices.filter { index in ranks.contains { $0[index] != nil } }.map { row[$0] } }
        let whole = ranks.compactMap { row in row.allSatisfy { $0 != nil } ? row.compactMap(\.self) : nil }
        if whole.count == ranks.count { return kendallW(ranks: whole) }
        var correlations: [Double] = []
        for (index, first) in ranks.enumerated() {
            for second in ranks[(index + 1)...] {
                let shared = zip(first, second).compactMap { a, b in a.flatMap { a in b.map { (a, $0) } } }
                // Ranked anew among what both have ranked.
                let own = midranks(of: shared.map { -$0.0 }), others = midranks(of: shared.map { -$0.1 })
                if let correlation = correlation(own, others) { correlations.append(correlation) }
            }
        }
        guard !correlations.isEmpty else { return nil }
        let mean = correlations.sorted().reduce(0, +) / Double(correlations.count)
        let judges = Double(ranks.count)
        return min(1, max(0, (1 + (judges - 1) * mean) / judges))
    }

    /// Pearson's correlation, which of ranks is Spearman's; nil without two values, or where one side has no variance.
    private static func correlation(_ first: [Double], _ second: [Double]) -> Double? {
        let count = Double(first.count)
        let means = (first.reduce(0, +) / count, second.reduce(0, +) / count)
        let pairs = zip(first, second).map { ($0 - means.0, $1 - means.1) }
        let variances = (pairs.reduce(0) { $0 + $1.0 * $1.0 }, pairs.reduce(0) { $0 + $1.1 * $1.1 })
        guard first.count >= 2, variances.0 > 0, variances.1 > 0 else { return nil }
        return pairs.reduce(0) { $0 + $1.0 * $1.1 } / (variances.0 * variances.1).squareRoot()
    }

    /// The ranks of scores, 1 for the highest; equal scores share the mean of their ranks.
    package static func midranks(of scores: [Double]) -> [Double] {
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var ranks = [Double](repeating: 0, count: scores.count)
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
            for position in start..<end { ranks[order[position]] = Double(start + 1 + end) / 2 }
            start = end
        }
        return ranks
    }

    /// Σ(t³−t) over one judge's groups of equal ranks.
    private static func tieCorrection(_ ranks: [Double]) -> Double {
        let groups = Dictionary(grouping: ranks) { $0 }.values.map { Double($0.count) }
        return groups.reduce(0) { $0 + $1 * $1 * $1 - $1 }
    }
}
