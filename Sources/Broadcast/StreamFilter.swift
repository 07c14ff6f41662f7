import Base
package import Foundation
package import Store
package import Workflow

/// What a stream is narrowed to. Every condition that is given must hold.
package struct StreamFilter: Sendable {
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
        return conversationID.map { .conversation(ExactText($0)) } ?? .log
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
            && (conversationID?.isExactly(task.conversationID) ?? true)
            && (userID?.isExactly(task.userID) ?? true)
            && (workspaceID == nil || workspaceID == task.workspaceID)
            && (workflowName?.isExactly(task.workflowName) ?? true)
            && (sight.map { task.isSeen(by: $0) } ?? true)
    }
}

/// Filters with equal texts share a group, and are matched by its filter.
extension StreamFilter: Hashable {
    package static func == (one: StreamFilter, other: StreamFilter) -> Bool {
        one.taskIDs == other.taskIDs && one.workspaceID == other.workspaceID && one.types == other.types && one.sight == other.sight
            && one.texts == other.texts
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(taskIDs)
        hasher.combine(workspaceID)
        hasher.combine(types)
        hasher.combine(sight)
        hasher.combine(texts)
    }

    private var texts: [ExactText?] {
        [conversationID, userID, workflowName].map { $0.map { ExactText($0) } }
    }
}

extension TaskFacts {
    /// A task that is not looked up yet is not seen.
    fileprivate func isSeen(by sight: Sight) -> Bool {
        workflowName != nil && sight.sees(workspaceID: workspaceID, privateTo: privateTo)
    }
}
