/// The state of a step, the unit of work in the queue.
package enum StepStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    case running
    case waiting
    case retrying
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

extension StepStatus: CustomStringConvertible {
    package var description: String { rawValue }
}
