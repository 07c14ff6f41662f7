import Foundation

/// What one judge made of the candidates that it saw. A candidate that is missing was not shown to it.
struct JudgedSheet {
    /// What the judge's opinion is worth to a candidate.
    var worth: [UUID: Double]
    /// From 1; those who are level share the best place. A candidate that the judge left unranked has none.
    var places: [UUID: Int]
    /// From 1; those who are level share the mean of the ranks they take up.
    var ranks: [UUID: Double]

    /// A strict order, whose places are worth what `worth` says of a place (from 1) among so many.
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
