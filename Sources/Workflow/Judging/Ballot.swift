package import Foundation

/// One judge's order of the candidates.
package struct Ballot: Sendable, Hashable {
    /// The agent's slug, or a person's id.
    package var judge: String
    /// The best first.
    package var order: [UUID]
    /// What stood on the ballot, ranked or not; nil for all candidates. For one that did not stand there the ballot says
    /// nothing, neither good nor bad.
    package var candidates: Set<UUID>?

    package init(judge: String, order: [UUID], candidates: Set<UUID>? = nil) {
        self.judge = judge
        self.order = order
        self.candidates = candidates
    }
}

extension Ballot {
    /// The ballot without names that are no candidates, and without repeated ones.
    func cleaned(_ all: [UUID]) -> (order: [UUID], standing: [UUID]) {
        let standing = candidates.map { own in all.filter(own.contains) } ?? all
        let known = Set(standing)
        var seen: Set<UUID> = []
        return (order.filter { known.contains($0) && seen.insert($0).inserted }, standing)
    }
}
