package import Foundation

/// Counts ballots by points for places, a positional scoring rule (with points n−1 … 0 it is Borda's count).
///
/// See F. Brandt et al., "Handbook of Computational Social Choice", 2016, 2.4.
package enum PointsBallot {
    /// How ties are broken, for people; the order of `Standing.precedes`.
    package static let tieRule =
        "More points; then more first places, more second places, and so on; then the better initial average score; then the earlier output."

    /// Adds up the points and orders the candidates.
    ///
    /// - `candidates`: all that were on the ballots, in the order of their creation.
    /// - `points`: what the places earn; 0 past the end.
    /// - `initialScores`: averages of the initial evaluation, where there was one; a candidate without one comes after.
    ///
    /// A candidate that a ballot leaves out earns nothing there and shares the mean of the ranks that are left, for the
    /// agreement. Names that are no candidates, and repeated ones, are passed over. The order of the ballots never matters.
    package static func aggregate(
        ballots: [Ballot], candidates: [UUID], points: [Double], initialScores: [UUID: Double] = [:]
    ) -> RankingOutcome {
        let orders = ballots.map { cleaned($0.order, candidates: candidates) }
        let places = placeCounts(orders, candidates: candidates)
        let standings = candidates.enumerated().map { created, id in
            Standing(
                id: id, places: places[id] ?? [], points: points, initialScore: initialScores[id], created: created)
        }
        let entries = standings.sorted { $0.precedes($1) }.enumerated().map { index, standing in
            RankingEntry(
                outputID: standing.id, rank: index + 1, totalScore: standing.total,
                avgScore: ballots.isEmpty ? 0 : standing.total / Double(ballots.count),
                firstPlaces: standing.places.first ?? 0)
        }
        let rows = orders.map { ranks(of: $0, candidates: candidates) }
        return RankingOutcome(entries: entries, agreement: Agreement.kendallW(ranks: rows))
    }

    private static func cleaned(_ order: [UUID], candidates: [UUID]) -> [UUID] {
        let known = Set(candidates)
        var seen: Set<UUID> = []
        return order.filter { known.contains($0) && seen.insert($0).inserted }
    }

    /// How often each candidate stands at each place.
    private static func placeCounts(_ orders: [[UUID]], candidates: [UUID]) -> [UUID: [Int]] {
        var counts: [UUID: [Int]] = [:]
        for id in candidates { counts[id] = [Int](repeating: 0, count: candidates.count) }
        for order in orders {
            for (place, id) in order.enumerated() { counts[id]?[place] += 1 }
        }
        return counts
    }

    /// The ranks that one ballot gives, in the order of `candidates`.
    private static func ranks(of order: [UUID], candidates: [UUID]) -> [Double] {
        let leftOver = Double(order.count + 1 + candidates.count) / 2
        let byID = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, Double($0 + 1)) })
        return candidates.map { byID[$0] ?? leftOver }
    }
}

/// What decides a candidate's place.
private struct Standing {
    let id: UUID
    let places: [Int]
    let total: Double
    let initialScore: Double?
    let created: Int

    init(id: UUID, places: [Int], points: [Double], initialScore: Double?, created: Int) {
        self.id = id
        self.places = places
        self.initialScore = initialScore
        self.created = created
        // Summed by place, not by ballot, so that rounding cannot depend on the order of the ballots.
        total = zip(places, points).reduce(0) { $0 + Double($1.0) * $1.1 }
    }

    func precedes(_ other: Standing) -> Bool {
        if total != other.total { return total > other.total }
        for (own, others) in zip(places, other.places) where own != others { return own > others }
        if initialScore != other.initialScore {
            return (initialScore ?? -.infinity) > (other.initialScore ?? -.infinity)
        }
        return created < other.created
    }
}
