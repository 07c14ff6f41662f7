/// What a phase does. Kinds that this version does not carry out are listed in `UnavailableFeatures`.
package enum PhaseKind: String, Sendable, Hashable, Codable, CaseIterable {
    case write, edit, evaluate, select, rank, signal
}
