package import Foundation

/// A task's row as a client gets it, with what the answer's headers need.
package struct TaskView: Sendable {
    package let json: JSONText
    package let version: Int64
    package let status: String
    package let taskID: UUID

    package init(json: JSONText, version: Int64, status: String, taskID: UUID) {
        self.json = json
        self.version = version
        self.status = status
        self.taskID = taskID
    }
}
