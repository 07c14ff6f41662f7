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

/// The state of an evaluation, one judge's verdict on one output.
package enum EvaluationStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    case processing
    case completed
    case failed

    /// Whether nothing more happens to it, unless a retry is asked for.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed: true
        default: false
        }
    }
}

extension EvaluationStatus: CustomStringConvertible {
    package var description: String { rawValue }
}

/// The state of a human task, a step that waits for a person.
package enum HumanTaskStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    case claimed
    case completed
    case cancelled
    case expired

    /// Whether nothing more happens to it.
    package var isTerminal: Bool {
        switch self {
        case .completed, .cancelled, .expired: true
        case .pending, .claimed: false
        }
    }
}

extension HumanTaskStatus: CustomStringConvertible {
    package var description: String { rawValue }
}
