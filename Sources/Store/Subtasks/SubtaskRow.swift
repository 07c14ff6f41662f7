package import Foundation
import Postgres
package import Workflow

/// A task that a step started, as its parent sees it.
package struct SubtaskRow: Sendable, Equatable {
    package let taskID: UUID
    package let stepID: UUID
    /// The attempt of the step that started it.
    package let attempt: Int
    package let status: TaskStatus
    package let result: JSON?
    package let error: JSON?
}

extension SubtaskRow {
    init(_ row: PostgresRow) throws {
        taskID = try row.decode("task_id")
        stepID = try row.decode("parent_step_id")
        attempt = try row.decode("attempt")
        status = try row.status("status")
        result = try row.json("result")
        error = try row.json("error")
    }
}
