/// What a phase does. Kinds that this version does not carry out are listed in `UnavailableFeatures`.
package enum PhaseKind: String, Sendable, Hashable, Codable, CaseIterable {
    case write, edit, evaluate, select, rank, signal
    case agent
    case delay
    case log
    case http
    /// A kind that the embedding program brought; definitions use its own name.
    case own
}
