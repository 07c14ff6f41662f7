/// The state of a phase, a node of the workflow within a task.
package enum PhaseStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    case running
    case waiting
    case completed
    case failed
    case skipped
    case cancelled

    /// Whether nothing more happens to it, unless a retry is asked for.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .skipped, .cancelled: true
        default: false
        }
    }
}

extension PhaseStatus: CustomStringConvertible {
    package var description: String { rawValue }
}
