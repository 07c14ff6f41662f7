/// How judges put outputs in order.
package enum RankMethod: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each judge orders all of them, and positions earn points.
    case ballots
}
