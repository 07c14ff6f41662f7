import Foundation
import Store

/// Finds the rooms of a tenant that an event may belong to, without asking every room.
///
/// A room stands under its narrowest condition; an event looks under each value that it has.
struct RoomIndex {
    private enum Bucket: Hashable {
        case task(UUID)
        case conversation(String)
        case user(String)
        case workspace(UUID)
        case workflow(String)
        case everything
    }

    private var buckets: [Bucket: [Room]] = [:]

    mutating func insert(_ room: Room) {
        for bucket in Self.buckets(of: room.key.filter) { buckets[bucket, default: []].append(room) }
    }

    mutating func remove(_ room: Room) {
        for bucket in Self.buckets(of: room.key.filter) {
            buckets[bucket]?.removeAll { $0 === room }
            if buckets[bucket]?.isEmpty == true { buckets[bucket] = nil }
        }
    }

    /// Calls `body` with each room whose filter passes the task, types aside.
    func forEachRoom(of task: TaskFacts, _ body: (Room) -> Void) {
        visit(.everything, task, body)
        visit(.task(task.taskID), task, body)
        if let conversation = task.conversationID { visit(.conversation(conversation), task, body) }
        if let user = task.userID { visit(.user(user), task, body) }
        if let workspace = task.workspaceID { visit(.workspace(workspace), task, body) }
        if let workflow = task.workflowName { visit(.workflow(workflow), task, body) }
    }

    private func visit(_ bucket: Bucket, _ task: TaskFacts, _ body: (Room) -> Void) {
        guard let rooms = buckets[bucket] else { return }
        for room in rooms where room.key.filter.matches(task) { body(room) }
    }

    private static func buckets(of filter: StreamFilter) -> [Bucket] {
        if !filter.taskIDs.isEmpty { return filter.taskIDs.map(Bucket.task) }
        if let conversation = filter.conversationID { return [.conversation(conversation)] }
        if let user = filter.userID { return [.user(user)] }
        if let workspace = filter.workspaceID { return [.workspace(workspace)] }
        if let workflow = filter.workflowName { return [.workflow(workflow)] }
        return [.everything]
    }
}
