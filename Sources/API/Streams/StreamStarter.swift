import Broadcast
import Foundation
import Store
import Workflow

/// Finds out where a stream begins and what it sends first (docs/streams.md has the table).
struct StreamStarter: Sendable {
    enum Answer: Sendable {
        case stream(StreamStart, LogHead)
        /// The task is terminal and the reader has everything: 204.
        case nothingMore
    }

    let store: Store
    let scope: Scope
    /// The task whose stream it is; nil for the tenant's.
    let taskID: UUID?

    func answer(_ position: StreamPosition) async throws -> Answer {
        if let taskID { return try await taskAnswer(taskID, position) }
        let head = try await store.logHead(scope)
        switch position {
        case .after(let cursor):
            if let reason = Self.resetReason(cursor, head) { return try await reset(reason, given: cursor) }
            return .stream(StreamStart(cursor: cursor, openingCursor: cursor), head)
        case .earliest:
            let cursor = Cursor(epoch: head.epoch, position: head.pruned)
            return .stream(StreamStart(cursor: cursor, openingCursor: cursor), head)
        case .now, .unspecified:
            return .stream(StreamStart(cursor: head.cursor, openingCursor: head.cursor), head)
        }
    }

    /// `reset`, then as if nothing was given. A reader that is cut off before it is there asks with `given` again.
    func reset(_ reason: ResetReason, given: Cursor?) async throws -> Answer {
        guard case .stream(var start, let head) = try await answer(.unspecified) else { return .nothingMore }
        start.preface.insert(
            .reset(reason, cursor: start.cursor, isFollowedByState: !start.preface.isEmpty), at: 0)
        start.openingCursor = given ?? start.openingCursor
        return .stream(start, head)
    }

    private func taskAnswer(_ taskID: UUID, _ position: StreamPosition) async throws -> Answer {
        switch position {
        case .unspecified: return try await stateAnswer(taskID)
        case .after(let cursor):
            let end = try await logEnd(taskID)
            if let reason = Self.resetReason(cursor, end.head) { return try await reset(reason, given: cursor) }
            let isTerminal = TaskStatus(rawValue: end.taskStatus)?.isTerminal ?? false
            if isTerminal, (end.lastPosition ?? 0) <= cursor.position { return .nothingMore }
            return Self.stream(from: cursor, end)
        case .earliest:
            let end = try await logEnd(taskID)
            return Self.stream(from: Cursor(epoch: end.head.epoch, position: end.head.pruned), end)
        case .now:
            let end = try await logEnd(taskID)
            return Self.stream(from: end.head.cursor, end)
        }
    }

    /// The opening cursor is the log's beginning: who is cut off in the middle of `state` gets every event instead, or
    /// a reset and the state again, but never a stream without what went before.
    private func stateAnswer(_ taskID: UUID) async throws -> Answer {
        while true {
            guard let state = try await store.streamReads.taskState(scope, taskID) else { throw notFound(taskID) }
            let end = try await logEnd(taskID)
            guard state.cursor.epoch == end.head.epoch else { continue }
            let start = StreamStart(
                cursor: state.cursor, openingCursor: Cursor(epoch: state.cursor.epoch, position: 0),
                preface: [.state(state.json.bytes, cursor: state.cursor)],
                taskEnd: TaskEnd(status: end.taskStatus, position: end.head.position))
            return .stream(start, end.head)
        }
    }

    private func logEnd(_ taskID: UUID) async throws -> TaskLogEnd {
        guard let end = try await store.streamReads.taskLogEnd(scope, taskID: taskID) else { throw notFound(taskID) }
        return end
    }

    private func notFound(_ taskID: UUID) -> ProblemError {
        ProblemError(.notFound, "there is no task \(taskID.uuidString.lowercased())")
    }

    private static func stream(from cursor: Cursor, _ end: TaskLogEnd) -> Answer {
        .stream(
            StreamStart(
                cursor: cursor, openingCursor: cursor,
                taskEnd: TaskEnd(status: end.taskStatus, position: end.head.position)),
            end.head)
    }

    /// Why a cursor cannot be continued; nil when it can.
    private static func resetReason(_ cursor: Cursor, _ head: LogHead) -> ResetReason? {
        if cursor.epoch != head.epoch || cursor.position > head.position { return .epoch }
        return cursor.position < head.pruned ? .expired : nil
    }
}
