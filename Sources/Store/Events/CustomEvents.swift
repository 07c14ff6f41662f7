package import Foundation
package import Postgres
package import Workflow

/// An application's own event.
package struct CustomEvent: Sendable {
    package let taskID: UUID
    /// `custom` or `custom.<name>`.
    package let type: String
    /// JSON text.
    let data: String

    package init(taskID: UUID, type: String, data: JSON) {
        self.taskID = taskID
        self.type = type
        self.data = data.text
    }
}

extension Store {
    /// Appends an application's own event to the task's log, whatever the task's status; answers its cursor.
    ///
    /// Events that come at the same time share a transaction. Once called it is written, also when the task is cancelled.
    /// - Throws: `StoreError` `notFound`, or `conflict` when another session holds the task's row.
    package func appendCustomEvent(_ scope: Scope, _ event: CustomEvent) async throws -> Cursor {
        try await write(event, scope, bytes: event.data.utf8.count, through: customEvents) { scope, events in
            try await append(scope, events)
        } alone: { scope, event in
            // Waits for the task's row, or finds out that there is none.
            try await write(scope) { connection in try await appendCustomEvent(on: connection, scope, event) }
        }
    }

    /// The same in a transaction that `write` has opened.
    package func appendCustomEvent(
        on connection: PostgresConnection, _ scope: Scope, _ event: CustomEvent
    ) async throws -> Cursor {
        try await refusingHeldRows {
            let results = try await connection.pipeline([
                "SELECT set_config('lock_timeout', \(String(Int64(heldRowTimeout / .milliseconds(1)))), true)",
                """
                SELECT FROM pressroom.tasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(event.taskID) FOR KEY SHARE
                """,
                Self.appendQuery(scope, [event]),
            ])
            guard let cursor = try Self.cursors(results.last, of: [event]).first ?? nil else {
                throw StoreError(.notFound, "There is no task \(event.taskID.uuidString.lowercased()).")
            }
            return cursor
        }
    }

    /// Appends events in one round trip and one transaction; nil for those whose task is missing or held.
    private func append(_ scope: Scope, _ events: [CustomEvent]) async throws -> [Cursor?] {
        let isFollowed = hints.follows(tenantID: scope.tenantID)
        let results = try await database.pipeline(
            [Self.scopeQuery(scope), Self.appendQuery(scope, events)]
                + (isFollowed ? [Self.ownEventsQuery(scope.tenantID)] : []))
        hints.committed(tenantID: scope.tenantID, events: OwnEvents(isFollowed ? results.last : nil))
        return try Self.cursors(results[1], of: events)
    }

    private static func appendQuery(_ scope: Scope, _ events: [CustomEvent]) -> PostgresQuery {
        """
        SELECT epoch, position, held FROM pressroom.append_custom_events(
            \(scope.tenantID), \(events.map { $0.taskID })::uuid[], \(events.map { $0.type })::text[],
            \("[" + events.map { $0.data }.joined(separator: ",") + "]")::json)
        """
    }

    /// The events of tasks that were held have consecutive positions that end with the one answered.
    private static func cursors(_ rows: PostgresResult?, of events: [CustomEvent]) throws -> [Cursor?] {
        guard let row = rows?.first, let last = try row.decode("position", as: Int64?.self) else {
            return events.map { _ in nil }
        }
        let (epoch, held) = (try row.decode("epoch", as: String.self), Set(try row.decode("held", as: [UUID].self)))
        var position = last - Int64(events.count { held.contains($0.taskID) })
        return events.map { event in
            guard held.contains(event.taskID) else { return nil }
            position += 1
            return Cursor(epoch: epoch, position: position)
        }
    }
}
