import Base
import Broadcast
import Foundation
import HTTPTypes
import Hummingbird
import Workflow

/// What the request for a stream asks for: where the stream begins and what it is narrowed to.
struct StreamQuery: Sendable, Hashable {
    enum Position: Sendable, Hashable {
        case after(Cursor)
        /// Before the oldest event that is retained.
        case earliest
        case now
        case unspecified
    }

    private enum From: String, CaseIterable {
        case earliest, now
    }

    let position: Position
    let filter: StreamFilter

    /// - Parameter taskID: the task whose stream it is; nil for a tenant's stream, which may be narrowed.
    init(_ request: Request, taskID: UUID?) throws(ProblemError) {
        var query = QueryReader(request)
        var filter = StreamFilter()
        if let taskID {
            filter.taskIDs = [taskID]
        } else {
            filter.conversationID = query.string("conversation_id")
            filter.userID = query.string("user_id")
            filter.workspaceID = query.uuid("workspace_id")
            filter.workflowName = query.string("workflow")
            filter.taskIDs = Set(query.uuids("task_id"))
        }
        filter.types = Self.types(&query)
        let cursor = query.cursor("cursor")
        let from = query.word("from", as: From.self)
        let lastEventID = Self.lastEventID(of: request, &query)
        try query.finish()
        self.filter = filter
        if let cursor = lastEventID ?? cursor {
            position = .after(cursor)
        } else {
            switch from {
            case .earliest: position = .earliest
            case .now: position = .now
            case nil: position = .unspecified
            }
        }
    }

    private static func lastEventID(of request: Request, _ query: inout QueryReader) -> Cursor? {
        guard let text = request.headers[.lastEventID], !text.isEmpty else { return nil }
        let cursor = Cursor(text)
        if cursor == nil { query.add(Problem(pointer: "/headers/last-event-id", detail: QueryReader.cursorExpectation)) }
        return cursor
    }

    private static func types(_ query: inout QueryReader) -> Set<String>? {
        guard let types = query.list("types").map({ Set($0) }) else { return nil }
        for type in types.sorted() where EventType(type: type)?.isSelectable != true {
            query.report(type.isEmpty ? "holds an empty type" : "holds an unknown type: \(type)", at: "types")
        }
        return types
    }
}
