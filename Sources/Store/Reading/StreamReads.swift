package import Foundation
import Postgres

/// What streams read when they begin and while they replay, shared by those that come at the same time.
package final class StreamReads: Sendable {
    private struct StateKey: Hashable, Sendable {
        let scope: Scope
        let taskID: UUID
    }

    private struct PageKey: Hashable, Sendable {
        let tenantID: String
        let source: EventSource
        let position: Int64
        let limit: EventPageLimit
    }

    private let heads: BatchedReads<Bool, String, LogHead>
    private let taskEnds: BatchedReads<String, UUID, TaskLogEnd>
    private let states: BatchedReads<StateKey, Bool, TaskState>
    private let pages: BatchedReads<PageKey, Bool, EventPage>

    init(_ database: PostgresClient) {
        heads = BatchedReads { _, tenantIDs in
            Dictionary(uniqueKeysWithValues: try await Store.logHeads(database, tenantIDs).map { ($0.tenantID, $0) })
        }
        taskEnds = BatchedReads { tenantID, taskIDs in try await Store.taskLogEnds(database, tenantID, taskIDs) }
        states = BatchedReads { key, _ in
            try await Store.taskState(database, key.scope, key.taskID).map { [true: $0] } ?? [:]
        }
        pages = BatchedReads { key, _ in
            let page = try await Store.eventPage(database, key.tenantID, key.source, after: key.position, limit: key.limit)
            return page.map { [true: $0] } ?? [:]
        }
    }

    /// The head of a tenant's log; nil when it has none.
    package func logHead(tenantID: String) async throws -> LogHead? {
        try await heads.value(of: tenantID, in: true)
    }

    /// Where a task's part of the log stands; nil when the scope has no such task.
    package func taskLogEnd(_ scope: Scope, taskID: UUID) async throws -> TaskLogEnd? {
        try await taskEnds.value(of: taskID, in: scope.tenantID)
    }

    /// The state of a task, as `/state` has it; nil when the scope has no such task.
    package func taskState(_ scope: Scope, _ taskID: UUID) async throws -> TaskState? {
        try await states.value(of: true, in: StateKey(scope: scope, taskID: taskID))
    }

    /// The events of a tenant after a position, of which those may be left out that `source` does not want. Nil when the
    /// tenant has no log.
    package func eventPage(
        tenantID: String, _ source: EventSource, after position: Int64, limit: EventPageLimit
    ) async throws -> EventPage? {
        try await pages.value(
            of: true, in: PageKey(tenantID: tenantID, source: source, position: position, limit: limit))
    }
}
