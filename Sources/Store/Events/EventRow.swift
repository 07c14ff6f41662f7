import Foundation
import Postgres

/// One event of a tenant's log, with what a stream needs to route it and the finished JSON that it sends.
package struct EventRow: Sendable {
    package let position: Int64
    package let type: String
    package let task: TaskFacts
    /// The status that a `task_updated` carries; nil on every other event.
    package let taskStatus: String?
    /// `{"type", "cursor", "task_id", "at", "context", …the payload's members}`. Line breaks may stand between its
    /// tokens, where they are white space; strings hold none.
    package let data: JSONText

    package init(position: Int64, type: String, task: TaskFacts, taskStatus: String? = nil, data: JSONText) {
        self.position = position
        self.type = type
        self.task = task
        self.taskStatus = taskStatus
        self.data = data
    }
}

extension EventRow {
    /// Reads the columns from `first` on: position, type, task, conversation, user, workspace, workflow, status, data.
    init(_ row: PostgresRow, from first: Int) throws(PostgresError) {
        position = try row.decode(first)
        type = try row.decode(first + 1)
        task = TaskFacts(
            taskID: try row.decode(first + 2), conversationID: try row.decode(first + 3),
            userID: try row.decode(first + 4), workspaceID: try row.decode(first + 5),
            workflowName: try row.decode(first + 6))
        taskStatus = try row.decode(first + 7)
        guard let bytes = row[first + 8].bytes else {
            throw PostgresError(code: .decoding, message: "event \(position) has no data")
        }
        data = JSONText(bytes: bytes)
    }
}
