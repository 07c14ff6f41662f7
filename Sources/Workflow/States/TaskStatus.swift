/// The state of a task, one run of a workflow.
package enum TaskStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    case running
    case waiting
    case paused
    case completed
    case failed
    case cancelled

    /// Whether nothing more happens to it, unless a retry is asked for.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .cancelled: true
        default: false
        }
    }
}

extension TaskStatus: CustomStringConvertible {
    package var description: String { rawValue }
}
