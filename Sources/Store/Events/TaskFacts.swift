package import Foundation

/// What never changes about a task and a stream may be narrowed by.
package struct TaskFacts: Sendable, Hashable {
    package let taskID: UUID
    package let conversationID: String?
    package let userID: String?
    package let workspaceID: UUID?
    /// Nil for an event whose task was deleted.
    package let workflowName: String?

    package init(
        taskID: UUID, conversationID: String? = nil, userID: String? = nil, workspaceID: UUID? = nil,
        workflowName: String? = nil
    ) {
        self.taskID = taskID
        self.conversationID = conversationID
        self.userID = userID
        self.workspaceID = workspaceID
        self.workflowName = workflowName
    }
}
