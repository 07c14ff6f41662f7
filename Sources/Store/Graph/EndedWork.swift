package import Base
package import Foundation
package import Workflow

/// What a commit brought to an end: tasks, and runs of steps.
package struct EndedWork: Sendable {
    /// One run of a step.
    package struct Run: Sendable {
        package let taskID: UUID
        package let phaseID: UUID
        package let stepID: UUID
        package let attempt: Int
        package let kind: StepKind
        package let agent: String?
        /// The processor that ran it.
        package let processorID: UUID
        /// The status that the step has now, and its error.
        package let status: StepStatus
        package let error: JSON?
        /// The task's.
        package let context: JSON
    }

    package struct Task: Sendable {
        package let taskID: UUID
        package let status: TaskStatus
    }

    package internal(set) var tasks: [Task] = []
    package internal(set) var runs: [Run] = []

    package static let none = EndedWork()

    init() {}

    init(from before: [TaskGraph], to after: [TaskGraph]) {
        for (old, new) in zip(before, after) {
            if !old.task.status.isTerminal, new.task.status.isTerminal {
                tasks.append(Task(taskID: new.task.taskID, status: new.task.status))
            }
            for (was, step) in zip(old.steps, new.steps) where was.status == .running {
                guard step.status != .running || step.attempt != was.attempt, let processorID = was.processorID else { continue }
                runs.append(
                    Run(
                        taskID: new.task.taskID, phaseID: step.phaseID, stepID: step.id, attempt: was.attempt, kind: step.kind,
                        agent: step.agent, processorID: processorID, status: step.status, error: step.error,
                        context: new.task.context))
            }
        }
    }

    init(taskID: UUID, status: TaskStatus) {
        tasks = [Task(taskID: taskID, status: status)]
    }

    mutating func add(_ more: EndedWork) {
        tasks += more.tasks
        runs += more.runs
    }
}
