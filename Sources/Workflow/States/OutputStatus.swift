/// The state of an output, one draft on one track.
package enum OutputStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pendingWrite = "pending_write"
    case writing
    case pendingEdit = "pending_edit"
    case editing
    case pendingRewrite = "pending_rewrite"
    case rewriting
    case approved
    case maxCyclesReached = "max_cycles_reached"
    case failed

    /// Whether nothing more happens to it, unless a retry is asked for.
    package var isSettled: Bool {
        switch self {
        case .approved, .maxCyclesReached, .failed: true
        default: false
        }
    }
}

extension OutputStatus: CustomStringConvertible {
    package var description: String { rawValue }
}
