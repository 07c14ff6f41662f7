package import Foundation
package import Workflow

/// What a list of tasks is narrowed by; nil and empty mean: not by this.
package struct TaskFilter: Sendable {
    package var statuses: [TaskStatus] = []
    package var workflow: String?
    package var conversationID: String?
    package var userID: String?
    package var workspaceID: UUID?
    package var parentTaskID: UUID?
    /// RFC 3339; tasks created at or after it.
    package var since: String?
    /// RFC 3339; tasks created before it.
    package var until: String?
    /// Text that the workflow's name or the input contains, whatever its case.
    package var text: String?

    package init() {}
}
