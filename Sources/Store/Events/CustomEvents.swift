package import Base
package import Foundation
import Postgres
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
    /// Appends an application's event to the task's log, whatever the task's status, and returns its cursor.
    ///
    /// Events that come at the same time share a transaction. Once called it is written, also when the caller is cancelled.
    /// - Throws: `StoreError` `notFound`, or `conflict` when another session holds the task's row.
    package func appendCustomEvent(_ scope: Scope, _ event: CustomEvent) async throws -> Cursor {
        try await write(event, scope, bytes: event.data.utf8.count, through: customEvents) { scope, events in
            // Nil for those whose task is missing or held.
            try Self.cursors(try await write(scope, [Self.appendQuery(scope, events)]).first, of: events)
        } alone: { scope, event in
            // Waits for the task's row, or finds out that there is none.
            try await write(scope) { try await appendCustomEvent(on: $0, scope, event) }
        }
    }

    /// The same in a transaction that `write` has opened.
    package func appendCustomEvent(
        on transaction: WriteTransaction, _ scope: Scope, _ event: CustomEvent
    ) async throws -> Cursor {
        try await refusingHeldRows {
            let results = try await transaction.pipeline([
                .lockTimeout(heldRowTimeout),
                """
                SELECT FROM pressroom.tasks WHERE tenant_id = \(scope.tenantID) AND task_id = \(event.taskID) FOR KEY SHARE
                """,
                Self.appendQuery(scope, [event]),
            ])
            guard let cursor = try Self.cursors(results.last, of: [event]).first ?? nil else {
                throw StoreError.noTask(event.taskID)
            }
            return cursor
        }
    }

    private static func appendQuery(_ scope: Scope, _ events: [CustomEvent]) -> PostgresQuery {
        """
        SELECT epoch, position, held FROM pressroom.append_custom_events(
            \(scope.tenantID), \(events.map { $0.taskID })::uuid[], \(events.map { $0.type })::text[],
            \("[" + events.map { $0.data }.joined(separator: ",") + "]")::json)
        """
    }

    /// The events whose tasks could be locked have consecutive positions that end with the returned one.
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
