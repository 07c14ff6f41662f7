/// What a phase does.
package enum PhaseKind: String, Sendable, Hashable, Codable, CaseIterable {
    case write, edit, evaluate, select, rank, signal
    case agent
    case delay
    case log
    case http
    /// A kind that the embedding program brought; definitions use its own name.
    case own
    case transform, branch
    case human, workflow
}

extension PhaseKind {
    private static let editorial: Set<PhaseKind> = [.write, .edit, .evaluate, .select, .rank]

    /// Whether the phase may do its work for each element of a list. Editorial kinds work on each draft as it is, a
    /// branch decides once, and a signal has one name.
    package var canFanOut: Bool { !Self.editorial.contains(self) && self != .branch && self != .signal }

    /// Whether the phase may run again. Editorial kinds have cycles of their own (`max_cycles`), a branch decides once.
    package var canRepeat: Bool { !Self.editorial.contains(self) && self != .branch }
}
