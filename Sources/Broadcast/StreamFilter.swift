package import Foundation
package import Store
package import Workflow

/// What a stream is narrowed to. Every condition that is given must hold.
package struct StreamFilter: Sendable, Hashable {
    /// Any of these tasks; all tasks when empty.
    package var taskIDs: Set<UUID>
    package var conversationID: String?
    package var userID: String?
    package var workspaceID: UUID?
    package var workflowName: String?
    /// Any of these event types; all types when nil.
    package var types: Set<String>?
    /// What the reader sees of the tenant; nil: all of it.
    package var sight: Sight?

    package init(
        taskIDs: Set<UUID> = [], conversationID: String? = nil, userID: String? = nil, workspaceID: UUID? = nil,
        workflowName: String? = nil, types: Set<String>? = nil, sight: Sight? = nil
    ) {
        self.taskIDs = taskIDs
        self.conversationID = conversationID
        self.userID = userID
        self.workspaceID = workspaceID
        self.workflowName = workflowName
        self.types = types
        self.sight = sight
    }

    /// A copy that shares no memory.
    package func copied() -> StreamFilter {
        var copy = self
        copy.taskIDs = Set(Array(taskIDs))
        copy.types = types.map { Set(Array($0)) }
        copy.sight = sight?.copied()
        return copy
    }

    /// The smallest part of the log that holds every event that passes.
    var logPart: LogPart {
        if !taskIDs.isEmpty { return .tasks(taskIDs) }
        return conversationID.map(LogPart.conversation) ?? .log
    }

    package func matches(_ event: PublishedEvent) -> Bool {
        matches(type: event.type) && matches(event.task)
    }

    package func matches(type: String) -> Bool {
        types?.contains(type) ?? true
    }

    /// Whether events of a task pass, types aside.
    package func matches(_ task: TaskFacts) -> Bool {
        (taskIDs.isEmpty || taskIDs.contains(task.taskID))
            && (conversationID == nil || conversationID == task.conversationID)
            && (userID == nil || userID == task.userID)
            && (workspaceID == nil || workspaceID == task.workspaceID)
            && (workflowName == nil || workflowName == task.workflowName)
            && (sight.map { task.isSeen(by: $0) } ?? true)
    }
}

extension TaskFacts {
    /// A task that is not looked up yet is not seen.
    fileprivate func isSeen(by sight: Sight) -> Bool {
        workflowName != nil && sight.sees(workspaceID: workspaceID, privateTo: privateTo)
    }
}
