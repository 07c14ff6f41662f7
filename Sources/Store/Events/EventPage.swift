import Postgres

/// Consecutive events of a log, and where the log stood in the same snapshot.
package struct EventPage: Sendable {
    package let head: LogHead
    package let events: [EventRow]
    /// Every event up to here that was asked for is in this page or an earlier one.
    package let through: Int64

    package init(head: LogHead, events: [EventRow], through: Int64) {
        self.head = head
        self.events = events
        self.through = through
    }
}

extension EventPage {
    /// Reads rows of head columns, whether more follows within the bounds, and event columns (null when none is left).
    init?(_ rows: PostgresResult, after position: Int64) throws(PostgresError) {
        guard let first = rows.first else { return nil }
        head = try LogHead(first)
        var events: [EventRow] = []
        events.reserveCapacity(rows.count)
        var isCut = false
        for row in rows where !row[5].isNull {
            events.append(try EventRow(row, from: 5))
            if try row.decode(4, as: Bool?.self) ?? false { isCut = true }
        }
        self.events = events
        through = isCut ? events.last?.position ?? position : max(position, head.position)
    }
}
