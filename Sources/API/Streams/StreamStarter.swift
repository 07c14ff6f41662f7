import Base
import Broadcast
import Foundation
import Store
import Workflow

/// Finds out where a stream begins and what it sends first (docs/streams.md has the table).
struct StreamStarter: Sendable {
    /// A start, and the head of the log as of which it was made.
    typealias Beginning = (start: StreamStart, head: LogHead)

    let store: Store
    let identity: Identity
    /// The task whose stream it is; nil for the tenant's.
    let taskID: UUID?

    private var scope: Scope { identity.scope }

    /// - Returns: nil when the task is terminal and the reader has all of its events: 204.
    func begin(_ position: StreamQuery.Position) async throws -> Beginning? {
        if let taskID { return try await beginTask(taskID, position) }
        let head = try await store.logHead(scope)
        switch position {
        case .after(let cursor):
            if let reason = Self.resetReason(cursor, head) { return try await reset(reason, given: cursor) }
            return (StreamStart(cursor: cursor, openingCursor: cursor, privacy: head.privacy), head)
        case .unknown:
            return try await reset(.epoch, given: nil)
        case .earliest:
            let cursor = Cursor(epoch: head.epoch, position: head.pruned)
            return (StreamStart(cursor: cursor, openingCursor: cursor, privacy: head.privacy), head)
        case .now, .unspecified:
            return (StreamStart(cursor: head.cursor, openingCursor: head.cursor, privacy: head.privacy), head)
        }
    }

    /// `reset`, then the same as without a position.
    /// - Parameter given: the cursor of the request. A reader whose connection breaks before the reset arrives asks with
    ///   it again.
    func reset(_ reason: ResetReason, given: Cursor?) async throws -> Beginning? {
        guard let beginning = try await begin(.unspecified) else { return nil }
        var start = beginning.start
        start.preface.insert(
            .reset(reason, cursor: start.cursor, isFollowedByState: !start.preface.isEmpty), at: 0)
        start.openingCursor = given ?? start.openingCursor
        return (start, beginning.head)
    }

    private func beginTask(_ taskID: UUID, _ position: StreamQuery.Position) async throws -> Beginning? {
        switch position {
        case .unspecified: return try await beginWithState(taskID)
        case .unknown: return try await reset(.epoch, given: nil)
        case .after(let cursor):
            let end = try await logEnd(taskID)
            if let reason = Self.resetReason(cursor, end.head) { return try await reset(reason, given: cursor) }
            let isTerminal = TaskStatus(rawValue: end.taskStatus)?.isTerminal ?? false
            if isTerminal, (end.lastPosition ?? 0) <= cursor.position { return nil }
            return Self.begin(at: cursor, end)
        case .earliest:
            let end = try await logEnd(taskID)
            return Self.begin(at: Cursor(epoch: end.head.epoch, position: end.head.pruned), end)
        case .now:
            let end = try await logEnd(taskID)
            return Self.begin(at: end.head.cursor, end)
        }
    }

    /// The opening cursor, of a `reset` before the state, is the log's beginning. So a reader whose connection breaks before the
    /// state has arrived gets every event instead, or a reset and the state again, but never a stream without what went before.
    private func beginWithState(_ taskID: UUID) async throws -> Beginning {
        while true {
            guard let state = try await store.streamReads.taskState(scope, taskID) else {
                throw ProblemError.notFound(task: taskID)
            }
            let end = try await logEnd(taskID)
            guard state.cursor.epoch == end.head.epoch else { continue }
            let start = StreamStart(
                cursor: state.cursor, openingCursor: Cursor(epoch: state.cursor.epoch, position: 0),
                preface: [.state(identity.shown(state.json.bytes), cursor: state.cursor)],
                taskEnd: TaskEnd(status: end.taskStatus, position: end.head.position), privacy: end.head.privacy)
            return (start, end.head)
        }
    }

    private func logEnd(_ taskID: UUID) async throws -> TaskLogEnd {
        guard let end = try await store.streamReads.taskLogEnd(scope, taskID: taskID) else {
            throw ProblemError.notFound(task: taskID)
        }
        return end
    }

    private static func begin(at cursor: Cursor, _ end: TaskLogEnd) -> Beginning {
        (
            StreamStart(
                cursor: cursor, openingCursor: cursor,
                taskEnd: TaskEnd(status: end.taskStatus, position: end.head.position), privacy: end.head.privacy),
            end.head
        )
    }

    /// Why a cursor cannot be continued; nil when it can.
    private static func resetReason(_ cursor: Cursor, _ head: LogHead) -> ResetReason? {
        if cursor.epoch != head.epoch || cursor.position > head.position { return .epoch }
        return cursor.position < head.pruned ? .expired : nil
    }
}
