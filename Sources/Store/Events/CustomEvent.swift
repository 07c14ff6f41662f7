package import Base
package import Foundation
import Workflow

/// An application's own event.
package struct CustomEvent: Sendable {
    package let taskID: UUID
    /// `custom` or `custom.<name>`.
    package let type: String
    /// JSON text.
    let data: String

    package init(taskID: UUID, type: String, data: JSON) {
        self.taskID = taskID
        self.type = type
        self.data = data.text
    }
}
