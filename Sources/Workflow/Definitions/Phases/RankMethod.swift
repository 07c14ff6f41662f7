/// How judges put outputs in order.
package enum RankMethod: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each judge orders all of them, and places earn points.
    case ballots
    /// The same, and a place earns one point for each output behind it: Borda's count.
    case borda
    /// The most likely strengths, given who was preferred to whom.
    case bradleyTerry = "bradley_terry"
    /// Each judge scores all of them by criteria, side by side; the mean score counts.
    case mean
}

/// Where `bradley_terry` takes its comparisons from.
package enum Comparisons: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each judge orders all outputs once, which says for every two of them which is the better.
    case ballots
    /// Each judge is asked about every two outputs by themselves.
    case pairs
}
