package import Workflow

/// All legal transitions, as the tests know them: the oracle for `pressroom.transitions`, which refuses every other one.
package enum Transitions {
    package static let table: [Transition] = task + phase + step + output + evaluation + humanTask

    private static let task: [Transition] = [
        .init(TaskStatus.pending, TaskStatus.running),
        .init(TaskStatus.pending, TaskStatus.waiting),
        .init(TaskStatus.pending, TaskStatus.paused),
        .init(TaskStatus.pending, TaskStatus.cancelled),
        .init(TaskStatus.pending, TaskStatus.failed),
        .init(TaskStatus.pending, TaskStatus.completed),
        .init(TaskStatus.running, TaskStatus.waiting),
        .init(TaskStatus.running, TaskStatus.paused),
        .init(TaskStatus.running, TaskStatus.completed),
        .init(TaskStatus.running, TaskStatus.failed),
        .init(TaskStatus.running, TaskStatus.cancelled),
        .init(TaskStatus.waiting, TaskStatus.running),
        .init(TaskStatus.waiting, TaskStatus.paused),
        .init(TaskStatus.waiting, TaskStatus.completed),
        .init(TaskStatus.waiting, TaskStatus.failed),
        .init(TaskStatus.waiting, TaskStatus.cancelled),
        // to pending: resumed before it ever ran
        .init(TaskStatus.paused, TaskStatus.running),
        .init(TaskStatus.paused, TaskStatus.pending),
        .init(TaskStatus.paused, TaskStatus.cancelled),
        // to running: an explicit retry
        .init(TaskStatus.failed, TaskStatus.running),
    ]

    private static let phase: [Transition] = [
        .init(PhaseStatus.pending, PhaseStatus.running),
        .init(PhaseStatus.pending, PhaseStatus.waiting),
        .init(PhaseStatus.pending, PhaseStatus.completed),
        .init(PhaseStatus.pending, PhaseStatus.skipped),
        .init(PhaseStatus.pending, PhaseStatus.failed),
        .init(PhaseStatus.pending, PhaseStatus.cancelled),
        .init(PhaseStatus.running, PhaseStatus.waiting),
        .init(PhaseStatus.running, PhaseStatus.completed),
        .init(PhaseStatus.running, PhaseStatus.failed),
        .init(PhaseStatus.running, PhaseStatus.cancelled),
        .init(PhaseStatus.waiting, PhaseStatus.running),
        .init(PhaseStatus.waiting, PhaseStatus.completed),
        .init(PhaseStatus.waiting, PhaseStatus.failed),
        .init(PhaseStatus.waiting, PhaseStatus.cancelled),
        // to running: an explicit retry
        .init(PhaseStatus.failed, PhaseStatus.running),
        // to pending: an explicit retry of a phase that failed before it had a step
        .init(PhaseStatus.failed, PhaseStatus.pending),
        // to pending: an explicit retry, after the upstream failure that skipped it
        .init(PhaseStatus.skipped, PhaseStatus.pending),
    ]

    private static let step: [Transition] = [
        .init(StepStatus.pending, StepStatus.running),
        .init(StepStatus.pending, StepStatus.waiting),
        .init(StepStatus.pending, StepStatus.cancelled),
        .init(StepStatus.pending, StepStatus.skipped),
        .init(StepStatus.pending, StepStatus.completed),
        .init(StepStatus.pending, StepStatus.failed),
        // to pending: the lease was lost, or the step was handed back
        .init(StepStatus.running, StepStatus.completed),
        .init(StepStatus.running, StepStatus.failed),
        .init(StepStatus.running, StepStatus.retrying),
        .init(StepStatus.running, StepStatus.waiting),
        .init(StepStatus.running, StepStatus.pending),
        .init(StepStatus.running, StepStatus.cancelled),
        .init(StepStatus.waiting, StepStatus.pending),
        .init(StepStatus.waiting, StepStatus.running),
        .init(StepStatus.waiting, StepStatus.completed),
        .init(StepStatus.waiting, StepStatus.failed),
        .init(StepStatus.waiting, StepStatus.cancelled),
        .init(StepStatus.waiting, StepStatus.skipped),
        .init(StepStatus.retrying, StepStatus.running),
        .init(StepStatus.retrying, StepStatus.pending),
        .init(StepStatus.retrying, StepStatus.cancelled),
        .init(StepStatus.retrying, StepStatus.failed),
        .init(StepStatus.retrying, StepStatus.skipped),
        // to running: an explicit retry; to pending: an explicit retry
        .init(StepStatus.failed, StepStatus.running),
        .init(StepStatus.failed, StepStatus.pending),
    ]

    private static let output: [Transition] = [
        .init(OutputStatus.pendingWrite, OutputStatus.writing),
        .init(OutputStatus.pendingWrite, OutputStatus.failed),
        // to pending_write: handed back
        .init(OutputStatus.writing, OutputStatus.pendingEdit),
        .init(OutputStatus.writing, OutputStatus.approved),
        .init(OutputStatus.writing, OutputStatus.pendingWrite),
        .init(OutputStatus.writing, OutputStatus.failed),
        // the edit is claimed by the processor that adds it
        .init(OutputStatus.writing, OutputStatus.editing),
        .init(OutputStatus.pendingEdit, OutputStatus.editing),
        .init(OutputStatus.pendingEdit, OutputStatus.approved),
        .init(OutputStatus.pendingEdit, OutputStatus.failed),
        // to pending_edit: handed back
        .init(OutputStatus.editing, OutputStatus.approved),
        .init(OutputStatus.editing, OutputStatus.pendingRewrite),
        .init(OutputStatus.editing, OutputStatus.maxCyclesReached),
        .init(OutputStatus.editing, OutputStatus.pendingEdit),
        .init(OutputStatus.editing, OutputStatus.failed),
        // the rewrite is claimed by the processor that adds it
        .init(OutputStatus.editing, OutputStatus.rewriting),
        .init(OutputStatus.pendingRewrite, OutputStatus.rewriting),
        .init(OutputStatus.pendingRewrite, OutputStatus.failed),
        // to pending_rewrite: handed back
        .init(OutputStatus.rewriting, OutputStatus.pendingEdit),
        .init(OutputStatus.rewriting, OutputStatus.pendingRewrite),
        .init(OutputStatus.rewriting, OutputStatus.failed),
        // the edit is claimed by the processor that adds it
        .init(OutputStatus.rewriting, OutputStatus.editing),
        // to pending_write: explicit retries
        .init(OutputStatus.failed, OutputStatus.pendingWrite),
        .init(OutputStatus.failed, OutputStatus.pendingEdit),
        .init(OutputStatus.failed, OutputStatus.pendingRewrite),
    ]

    private static let evaluation: [Transition] = [
        .init(EvaluationStatus.pending, EvaluationStatus.processing),
        .init(EvaluationStatus.pending, EvaluationStatus.failed),
        // to pending: handed back
        .init(EvaluationStatus.processing, EvaluationStatus.completed),
        .init(EvaluationStatus.processing, EvaluationStatus.failed),
        .init(EvaluationStatus.processing, EvaluationStatus.pending),
        // to pending: an explicit retry
        .init(EvaluationStatus.failed, EvaluationStatus.pending),
    ]

    private static let humanTask: [Transition] = [
        .init(HumanTaskStatus.pending, HumanTaskStatus.claimed),
        .init(HumanTaskStatus.pending, HumanTaskStatus.completed),
        .init(HumanTaskStatus.pending, HumanTaskStatus.cancelled),
        .init(HumanTaskStatus.pending, HumanTaskStatus.expired),
        // to pending: given to another person
        .init(HumanTaskStatus.claimed, HumanTaskStatus.pending),
        .init(HumanTaskStatus.claimed, HumanTaskStatus.completed),
        .init(HumanTaskStatus.claimed, HumanTaskStatus.cancelled),
        .init(HumanTaskStatus.claimed, HumanTaskStatus.expired),
    ]

    private static let legal = Set(table)

    /// Whether the rows of `entity` may go from one status to the other; staying is no transition and is not legal.
    package static func isLegal(entity: Transition.Entity, from: String, to: String) -> Bool {
        legal.contains(Transition(entity: entity, from: from, to: to))
    }

    /// Whether a row may go from one status to the other.
    package static func isLegal<Status: TransitioningStatus>(_ from: Status, _ to: Status) -> Bool {
        legal.contains(Transition(from, to))
    }
}

/// One legal change of a row's status.
package struct Transition: Sendable, Hashable {
    package typealias Entity = StatusEntity

    package let entity: Entity
    package let from: String
    package let to: String

    package init(entity: Entity, from: String, to: String) {
        self.entity = entity
        self.from = from
        self.to = to
    }

    init<Status: TransitioningStatus>(_ from: Status, _ to: Status) {
        self.init(entity: Status.entity, from: from.rawValue, to: to.rawValue)
    }
}

/// A status that new rows of an entity may have.
package struct FirstStatus: Sendable, Hashable {
    package let entity: Transition.Entity
    package let status: String
    /// Whether only rows of a fork begin so: a fork takes rows over from another task as they are.
    package let isOfForks: Bool

    private init<Status: TransitioningStatus>(_ status: Status, ofForks isOfForks: Bool = false) {
        entity = Status.entity
        self.status = status.rawValue
        self.isOfForks = isOfForks
    }

    /// All there are: the oracle for `pressroom.first_statuses`.
    package static let table: [FirstStatus] = [
        .init(TaskStatus.pending),
        .init(PhaseStatus.pending),
        .init(PhaseStatus.completed, ofForks: true),
        .init(PhaseStatus.failed, ofForks: true),
        .init(PhaseStatus.skipped, ofForks: true),
        .init(StepStatus.pending),
        .init(StepStatus.waiting),
        // claimed by the processor that adds it
        .init(StepStatus.running),
        // a wait that is over as it begins: the signal came early, or the time is past or missing
        .init(StepStatus.completed),
        .init(StepStatus.failed),
        .init(StepStatus.skipped, ofForks: true),
        .init(StepStatus.cancelled, ofForks: true),
        .init(OutputStatus.pendingWrite),
        // its step is claimed by the processor that adds it
        .init(OutputStatus.writing),
        .init(OutputStatus.pendingEdit, ofForks: true),
        .init(OutputStatus.approved, ofForks: true),
        .init(OutputStatus.maxCyclesReached, ofForks: true),
        .init(OutputStatus.failed, ofForks: true),
        .init(EvaluationStatus.pending),
        // its step is claimed by the processor that adds it
        .init(EvaluationStatus.processing),
        .init(EvaluationStatus.completed, ofForks: true),
        .init(EvaluationStatus.failed, ofForks: true),
        .init(HumanTaskStatus.pending),
    ]

    /// Whether a new row may have the status.
    package static func isLegal(entity: Transition.Entity, _ status: String, inFork: Bool) -> Bool {
        table.contains { $0.entity == entity && $0.status == status && (inFork || !$0.isOfForks) }
    }
}
