/// How far judges agree.
package enum Agreement {
    /// Kendall's coefficient of concordance W, corrected for ties: 0 (no agreement) … 1 (the same order from all).
    ///
    /// `ranks` has a row for each judge and in it a rank for each object, 1 for the best; tied objects have the mean of
    /// the ranks they take up (`midranks`). Nil with fewer than two judges or two objects, with rows of different
    /// lengths, and when every judge ties everything, which says nothing.
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
