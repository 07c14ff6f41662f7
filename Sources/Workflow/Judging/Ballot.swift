package import Foundation

/// One judge's order of the candidates.
package struct Ballot: Sendable, Hashable {
    /// The agent's slug, or a person's id.
    package var judge: String
    /// The best first.
    package var order: [UUID]

    package init(judge: String, order: [UUID]) {
        self.judge = judge
        self.order = order
    }
}
