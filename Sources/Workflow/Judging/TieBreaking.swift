import Foundation

/// A candidate with all that decides its rank.
///
/// Ties are broken by more first places, then more second places and so on; then by the better average of the initial
/// evaluation; then by the earlier creation. (``EvaluationAggregate`` has no places and an order of its own.)
struct Contender {
    let id: UUID
    /// Counts first, the higher the better; nil when no judge saw the candidate, which then comes last.
    let decisive: Double?
    let total: Double?
    let average: Double?
    /// How many judges put it first, second, …
    let places: [Int]
    /// The average of the initial evaluation; nil where there was none.
    let initialScore: Double?
    /// Its place in the order of creation.
    let created: Int

    /// The entries of a ranking. Neighbours whose decisive numbers differ by no more than `tolerance` (relative where they
    /// are above 1) are level, so that rounding decides nothing.
    static func ranked(_ contenders: [Contender], levelWithin tolerance: Double) -> [RankingEntry] {
        let sorted = contenders.sorted { first, second in
            (first.decisive ?? -.infinity, second.created) > (second.decisive ?? -.infinity, first.created)
        }
        var groups: [[Contender]] = []
        for contender in sorted {
            if let last = groups.last?.last, isLevel(last.decisive, contender.decisive, tolerance) {
                groups[groups.count - 1].append(contender)
            } else {
                groups.append([contender])
            }
        }
        return groups.flatMap { $0.sorted { $0.winsTie(against: $1) } }.enumerated().map { index, contender in
            RankingEntry(
                outputID: contender.id, rank: index + 1, totalScore: contender.total, avgScore: contender.average,
                firstPlaces: contender.places.first ?? 0)
        }
    }

    private static func isLevel(_ first: Double?, _ second: Double?, _ tolerance: Double) -> Bool {
        guard let first, let second else { return first == nil && second == nil }
        return abs(first - second) <= tolerance * max(1, abs(first), abs(second))
    }

    private func winsTie(against other: Contender) -> Bool {
        for place in 0..<max(places.count, other.places.count) {
            let own = place < places.count ? places[place] : 0
            let others = place < other.places.count ? other.places[place] : 0
            if own != others { return own > others }
        }
        if initialScore != other.initialScore {
            return (initialScore ?? -.infinity) > (other.initialScore ?? -.infinity)
        }
        return created < other.created
    }
}
