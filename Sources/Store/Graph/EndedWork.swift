package import Foundation
package import Workflow

/// The tasks that a commit brought to an end.
package struct EndedWork: Sendable {
    package struct Task: Sendable {
        package let taskID: UUID
        package let status: TaskStatus
    }

    package private(set) var tasks: [Task] = []

    package static let none = EndedWork()

    init() {}

    init(from before: [TaskGraph], to after: [TaskGraph]) {
        for (old, new) in zip(before, after) where !old.task.status.isTerminal && new.task.status.isTerminal {
            tasks.append(Task(taskID: new.task.taskID, status: new.task.status))
        }
    }

    init(taskID: UUID, status: TaskStatus) {
        tasks = [Task(taskID: taskID, status: status)]
    }

    mutating func add(_ more: EndedWork) {
        tasks += more.tasks
    }
}
