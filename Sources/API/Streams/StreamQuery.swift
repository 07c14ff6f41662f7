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
        /// After something that is no cursor, as clients of other services send.
        case unknown
        /// Before the oldest event that is retained.
        case earliest
        case now
        case unspecified
    }

    private enum From: String, CaseIterable {
        case earliest, now
    }

    let position: Position
    var filter: StreamFilter

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
        let given = Self.given(request, &query)
        let from = query.word("from", as: From.self)
        try query.finish()
        self.filter = filter
        if let given {
            position = Cursor(given).map { .after($0) } ?? .unknown
        } else {
            switch from {
            case .earliest: position = .earliest
            case .now: position = .now
            case nil: position = .unspecified
            }
        }
    }

    /// The cursor of the request, newest first: browsers send the header with the last `id`, polyfills of `EventSource` put it
    /// into the query. Anything else than a cursor is an error, except of an `EventSource`, which an error would stop for ever.
    private static func given(_ request: Request, _ query: inout QueryReader) -> String? {
        var given = [("/headers/last-event-id", request.headers[.lastEventID])]
        for name in ["lastEventId", "Last-Event-ID", "lastEventID", "cursor"] {
            given.append((JSONPointer.appending(name, to: "/query"), query.text(name)))
        }
        let present = given.compactMap { pointer, text in text.flatMap { $0.isEmpty ? nil : (pointer, $0) } }
        if !request.isOfEventSource {
            for (pointer, text) in present where Cursor(text) == nil {
                query.add(Problem(pointer: pointer, detail: QueryReader.cursorExpectation))
            }
        }
        return present.first?.1
    }

    private static func types(_ query: inout QueryReader) -> Set<String>? {
        guard let types = query.list("types").map({ Set($0) }) else { return nil }
        for type in types.sorted() where EventType(type: type)?.isSelectable != true {
            query.report(type.isEmpty ? "holds an empty type" : "holds an unknown type: \(type)", at: "types")
        }
        return types
    }
}

extension Request {
    /// Whether the client reads event streams, as a browser's `EventSource` always says.
    var isOfEventSource: Bool {
        headers[values: .accept].contains { accept in
            accept.split(separator: ",").contains { range in
                range.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased() == "text/event-stream"
            }
        }
    }
}
