package import Foundation
package import Workflow

/// An application's own event.
package struct CustomEvent: Sendable {
    package let taskID: UUID
    /// `custom` or `custom.<name>`.
    package let type: String
    package let data: JSON

    package init(taskID: UUID, type: String, data: JSON) {
        self.taskID = taskID
        self.type = type
        self.data = data
    }
}
