/// The status of a row, whose changes the database guards: a change that `pressroom.transitions` does not list is refused.
package protocol TransitioningStatus: RawRepresentable<String>, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// The kind of row that has these statuses.
    static var entity: StatusEntity { get }
}

extension TransitioningStatus {
    package var description: String { rawValue }
}

/// The kinds of rows that have a status, by the singular of their table's name.
package enum StatusEntity: String, Sendable, Hashable, CaseIterable {
    case task, phase, step, output, evaluation
    case humanTask = "human_task"
}

/// The status of a task, one run of a workflow.
package enum TaskStatus: String, TransitioningStatus {
    case pending
    case running
    case waiting
    case paused
    case completed
    case failed
    case cancelled

    package static var entity: StatusEntity { .task }

    /// Whether the status is final, unless a retry is asked for.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .cancelled: true
        case .pending, .running, .waiting, .paused: false
        }
    }
}

/// The status of a phase, a node of the workflow within a task.
package enum PhaseStatus: String, TransitioningStatus {
    case pending
    case running
    case waiting
    case completed
    case failed
    case skipped
    case cancelled

    package static var entity: StatusEntity { .phase }

    /// Whether the status is final, unless a retry is asked for.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .skipped, .cancelled: true
        case .pending, .running, .waiting: false
        }
    }
}

/// The status of a step, the unit of work in the queue.
package enum StepStatus: String, TransitioningStatus {
    case pending
    case running
    case waiting
    case retrying
    case completed
    case failed
    case skipped
    case cancelled

    package static var entity: StatusEntity { .step }

    /// Whether the status is final, unless a retry is asked for.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .skipped, .cancelled: true
        case .pending, .running, .waiting, .retrying: false
        }
    }
}

/// The status of an output, one draft on one track.
package enum OutputStatus: String, TransitioningStatus {
    case pendingWrite = "pending_write"
    case writing
    case pendingEdit = "pending_edit"
    case editing
    case pendingRewrite = "pending_rewrite"
    case rewriting
    case approved
    case maxCyclesReached = "max_cycles_reached"
    case failed

    package static var entity: StatusEntity { .output }

    /// Whether the status is final, unless a retry is asked for.
    package var isSettled: Bool {
        switch self {
        case .approved, .maxCyclesReached, .failed: true
        case .pendingWrite, .writing, .pendingEdit, .editing, .pendingRewrite, .rewriting: false
        }
    }
}

/// The status of an evaluation, one judge's verdict on one output.
package enum EvaluationStatus: String, TransitioningStatus {
    case pending
    case processing
    case completed
    case failed

    package static var entity: StatusEntity { .evaluation }

    /// Whether the status is final, unless a retry is asked for.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed: true
        case .pending, .processing: false
        }
    }
}

/// The status of a human task, a step that waits for a person.
package enum HumanTaskStatus: String, TransitioningStatus {
    case pending
    case claimed
    case completed
    case cancelled
    case expired

    package static var entity: StatusEntity { .humanTask }

    /// Whether the status is final.
    package var isTerminal: Bool {
        switch self {
        case .completed, .cancelled, .expired: true
        case .pending, .claimed: false
        }
    }
}
