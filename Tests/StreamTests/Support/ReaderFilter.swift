import Base
import Foundation
import Workflow

/// What a reader of a story asks for. Written anew here, because the service's own filter is under test.
struct ReaderFilter: Sendable {
    /// The stream of this task; nil for the tenant's.
    var task: StoryTask?
    var tasks: [StoryTask] = []
    var conversationID: String?
    var workflowName: String?
    var userID: String?
    var types: [String]?

    /// The end of a story is marked by an event of each task of this type.
    static let mark = "custom.mark"

    var path: String {
        var query: [String] = tasks.map { "task_id=\($0.path)" }
        if let conversationID { query.append("conversation_id=\(conversationID)") }
        if let workflowName { query.append("workflow=\(workflowName)") }
        if let userID { query.append("user_id=\(userID)") }
        if let types { query.append("types=\(types.joined(separator: ","))") }
        let path = task.map { "/api/v1/tasks/\($0.path)/stream" } ?? "/api/v1/stream"
        return query.isEmpty ? path : path + "?" + query.joined(separator: "&")
    }

    func matches(_ candidate: StoryTask) -> Bool {
        if let task, task != candidate { return false }
        if !tasks.isEmpty, !tasks.contains(candidate) { return false }
        if let conversationID, candidate.conversationID != conversationID { return false }
        if let workflowName, candidate.workflowName != workflowName { return false }
        if let userID, userID != StoryTask.userID { return false }
        return true
    }

    func matches(type: String) -> Bool { types?.contains(type) ?? true }

    /// One of each kind of stream, at random.
    static func random(_ tasks: [StoryTask], _ generator: inout SeededGenerator) -> ReaderFilter {
        var filter = ReaderFilter()
        let task = tasks[Int(generator.next(below: UInt64(tasks.count)))]
        switch generator.next(below: 8) {
        case 0, 1: break
        case 2, 3: filter.task = task
        case 4: filter.tasks = Array(generator.shuffled(tasks).prefix(2))
        case 5: filter.conversationID = task.conversationID
        case 6: filter.workflowName = task.workflowName
        default:
            filter.userID = StoryTask.userID
            filter.conversationID = task.conversationID
        }
        if generator.next(below: 3) == 0 {
            let types = ["task_updated", "output_updated", "step_updated", "custom.note", "output_version_added", "phase_changed"]
            filter.types = Array(generator.shuffled(types).prefix(1 + Int(generator.next(below: 3)))) + [mark]
        }
        return filter
    }
}
