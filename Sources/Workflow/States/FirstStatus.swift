/// A status that new rows of an entity may have.
package struct FirstStatus: Sendable, Hashable {
    package let entity: Transition.Entity
    package let status: String
    /// Whether only rows of a fork begin so: they are taken over from another task as they stood there.
    package let isOfForks: Bool

    private init<Status: TransitioningStatus>(_ status: Status, ofForks isOfForks: Bool = false) {
        entity = Status.entity
        self.status = status.rawValue
        self.isOfForks = isOfForks
    }

    /// All there are; the database holds the same, and a test compares them.
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
        // a wait that is over as it begins: the signal came early, the time is past or is none
        .init(StepStatus.completed),
        .init(StepStatus.failed),
        .init(StepStatus.skipped, ofForks: true),
        .init(StepStatus.cancelled, ofForks: true),
        .init(OutputStatus.pendingWrite),
        .init(OutputStatus.pendingEdit, ofForks: true),
        .init(OutputStatus.approved, ofForks: true),
        .init(OutputStatus.maxCyclesReached, ofForks: true),
        .init(OutputStatus.failed, ofForks: true),
        .init(EvaluationStatus.pending),
        .init(EvaluationStatus.completed, ofForks: true),
        .init(EvaluationStatus.failed, ofForks: true),
        .init(HumanTaskStatus.pending),
    ]

    /// Whether a new row may have the status.
    package static func isLegal(entity: Transition.Entity, _ status: String, inFork: Bool) -> Bool {
        table.contains { $0.entity == entity && $0.status == status && (inFork || !$0.isOfForks) }
    }
}
