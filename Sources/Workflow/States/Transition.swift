/// One legal change of a row's status.
package struct Transition: Sendable, Hashable {
    /// The kinds of rows that have a status machine, by the singular of their table's name.
    package enum Entity: String, Sendable, Hashable, CaseIterable {
        case task, phase, step, output, evaluation
        case humanTask = "human_task"
    }

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

/// A status that is part of the transition table.
package protocol TransitioningStatus: RawRepresentable<String>, CaseIterable, Sendable {
    static var entity: Transition.Entity { get }
}

extension TaskStatus: TransitioningStatus {
    package static var entity: Transition.Entity { .task }
}

extension PhaseStatus: TransitioningStatus {
    package static var entity: Transition.Entity { .phase }
}

extension StepStatus: TransitioningStatus {
    package static var entity: Transition.Entity { .step }
}

extension OutputStatus: TransitioningStatus {
    package static var entity: Transition.Entity { .output }
}

extension EvaluationStatus: TransitioningStatus {
    package static var entity: Transition.Entity { .evaluation }
}

extension HumanTaskStatus: TransitioningStatus {
    package static var entity: Transition.Entity { .humanTask }
}
