import Broadcast
import Foundation
import HTTPTypes
import Hummingbird
import Workflow

/// What a stream request asks for, checked: every unknown or malformed parameter is named.
struct StreamQuery: Sendable, Hashable {
    var position = StreamPosition.unspecified
    var filter = StreamFilter()

    /// - Parameter taskID: the task whose stream it is; nil for a tenant's, which may be narrowed.
    init(_ request: Request, taskID: UUID?) throws(ProblemError) {
        var reader = StreamQueryReader(request.uri.query)
        let given = reader.takeOne("cursor")
        let from = reader.takeOne("from")
        if let taskID {
            filter.taskIDs = [taskID]
        } else {
            filter.conversationID = reader.takeOne("conversation_id")
            filter.userID = reader.takeOne("user_id")
            filter.workspaceID = reader.takeOne("workspace_id").flatMap { reader.uuid($0, of: "workspace_id") }
            filter.workflowName = reader.takeOne("workflow")
            filter.taskIDs = Set(reader.takeAll("task_id").compactMap { reader.uuid($0, of: "task_id") })
        }
        filter.types = Self.types(&reader)
        let header = request.headers[.lastEventID].flatMap { $0.isEmpty ? nil : $0 }
        let cursor = given.flatMap { $0.isEmpty ? nil : $0 }
        let headerCursor = header.flatMap(Cursor.init)
        let queryCursor = cursor.flatMap(Cursor.init)
        if header != nil, headerCursor == nil {
            reader.report("/headers/last-event-id", "is not a cursor: <epoch>.<position>")
        }
        if cursor != nil, queryCursor == nil { reader.refuse("cursor", "is not a cursor: <epoch>.<position>") }
        if let from, from != "earliest", from != "now" { reader.refuse("from", "must be earliest or now") }
        try reader.finish()
        if let start = headerCursor ?? queryCursor {
            position = .after(start)
        } else if let from {
            position = from == "now" ? .now : .earliest
        }
    }

    private static func types(_ reader: inout StreamQueryReader) -> Set<String>? {
        guard let text = reader.takeOne("types") else { return nil }
        let types = Set(text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        for type in types.sorted() where !EventTypes.isKnown(type) {
            reader.refuse("types", type.isEmpty ? "holds an empty type" : "holds an unknown type: \(type)")
        }
        return types
    }
}

extension HTTPField.Name {
    static let lastEventID = HTTPField.Name.make("last-event-id")
    static let accelBuffering = HTTPField.Name.make("x-accel-buffering")

    /// A name that is known to be one.
    private static func make(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}

/// Where a reader asked its stream to begin.
enum StreamPosition: Sendable, Hashable {
    case after(Cursor)
    /// With all that is retained.
    case earliest
    case now
    case unspecified
}

/// The event types that a stream may be narrowed to.
enum EventTypes {
    private static let known: Set<String> = [
        "task_updated", "phase_changed", "step_updated", "output_updated", "evaluation_updated", "human_task_updated",
        "output_version_added", "log_appended", "queue_built", "finalists_selected", "ranking_updated", "output_delta",
        "custom",
    ]

    /// An application's own types are `custom.<name>`.
    static func isKnown(_ type: String) -> Bool {
        known.contains(type) || (type.hasPrefix("custom.") && type.utf8.count > 7)
    }
}
