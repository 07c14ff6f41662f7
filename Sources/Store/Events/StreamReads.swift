package import Foundation
import Postgres
import Synchronization
import Workflow

/// What streams read when they begin and while they replay, shared by those that come at the same time.
package final class StreamReads: Sendable {
    /// What a read of tasks sees, whoever asks.
    private struct View: Hashable, Sendable {
        let tenantID: String
        let sight: Sight?

        init(_ scope: Scope) {
            tenantID = scope.tenantID
            sight = scope.sight
        }

        var scope: Scope { Scope(tenantID: tenantID, userID: "", sight: sight) }
    }

    private struct StateKey: Hashable, Sendable {
        let view: View
        let taskID: UUID
    }

    private struct PageKey: Hashable, Sendable {
        let tenantID: String
        let part: LogPart
        let position: Int64
        let limit: EventPageLimit
    }

    private let heads: BatchedReads<Bool, String, LogHead>
    private let taskEnds: BatchedReads<View, UUID, TaskLogEnd>
    private let states: BatchedReads<StateKey, Bool, TaskSnapshot>
    private let pages: BatchedReads<PageKey, Bool, EventPage>

    init(_ database: PostgresClient) {
        heads = BatchedReads { _, tenantIDs in
            Dictionary(uniqueKeysWithValues: try await Store.logHeads(database, tenantIDs).map { ($0.tenantID, $0) })
        }
        taskEnds = BatchedReads { view, taskIDs in try await Store.taskLogEnds(database, view.scope, taskIDs) }
        states = BatchedReads { key, _ in
            try await Store.taskState(database, key.view.scope, key.taskID).map { [true: $0] } ?? [:]
        }
        pages = BatchedReads { key, _ in
            let page = try await Store.eventPage(database, key.tenantID, key.part, after: key.position, limit: key.limit)
            return page.map { [true: $0] } ?? [:]
        }
    }

    /// The head of a tenant's log; nil when it has none.
    package func logHead(tenantID: String) async throws -> LogHead? {
        try await heads.value(of: tenantID, in: true)
    }

    /// The end of a task's part of the log; nil when the scope has no such task.
    package func taskLogEnd(_ scope: Scope, taskID: UUID) async throws -> TaskLogEnd? {
        try await taskEnds.value(of: taskID, in: View(scope))
    }

    /// The state of a task, as `/state` has it; nil when the scope has no such task.
    package func taskState(_ scope: Scope, _ taskID: UUID) async throws -> TaskSnapshot? {
        try await states.value(of: true, in: StateKey(view: View(scope), taskID: taskID))
    }

    /// The events of a tenant after a position, of which those may be left out that are not of `part`. Nil when the
    /// tenant has no log.
    package func eventPage(
        tenantID: String, _ part: LogPart, after position: Int64, limit: EventPageLimit
    ) async throws -> EventPage? {
        try await pages.value(
            of: true, in: PageKey(tenantID: tenantID, part: part, position: position, limit: limit))
    }
}

/// Lets reads that come at the same time share a query: a thousand streams that begin at once need a few, not a thousand.
///
/// A value is never older than the call: reads that come while a group's query runs go into the group's next one.
package final class BatchedReads<Group: Hashable & Sendable, Element: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Value?, any Error>

    /// What is asked for next in each group whose query runs.
    private let groups = Mutex<[Group: [Element: [Waiter]]]>([:])
    private let query: @Sendable (Group, [Element]) async throws -> [Element: Value]

    /// - Parameter query: reads the values of some elements; those that do not exist are left out.
    package init(_ query: @escaping @Sendable (Group, [Element]) async throws -> [Element: Value]) {
        self.query = query
    }

    /// The value of an element, read after the call; nil when there is none. Throws what the query throws.
    package func value(of element: Element, in group: Group) async throws -> Value? {
        try await withCheckedThrowingContinuation { waiter in
            let isIdle = groups.withLock { groups in
                let isIdle = groups[group] == nil
                groups[group, default: [:]][element, default: []].append(waiter)
                return isIdle
            }
            if isIdle { Task(executorPreference: PollerExecutor.shared) { [self] in await work(group) } }
        }
    }

    /// How many reads wait for the next query of a group.
    func waiting(in group: Group) -> Int {
        groups.withLock { $0[group]?.values.reduce(0) { $0 + $1.count } ?? 0 }
    }

    private func work(_ group: Group) async {
        while let asked = take(group) {
            do {
                let values = try await query(group, Array(asked.keys))
                for (element, waiters) in asked {
                    for waiter in waiters { waiter.resume(returning: values[element]) }
                }
            } catch {
                for waiter in asked.values.joined() { waiter.resume(throwing: error) }
            }
        }
    }

    /// What the next query asks for; nil when no read waits, and the group is idle from then on.
    private func take(_ group: Group) -> [Element: [Waiter]]? {
        groups.withLock { groups in
            guard let asked = groups[group], !asked.isEmpty else {
                groups[group] = nil
                return nil
            }
            groups[group] = [:]
            return asked
        }
    }
}
