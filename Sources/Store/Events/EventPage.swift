import Postgres

/// Consecutive events of a log, and where the log stood in the same snapshot.
package struct EventPage: Sendable {
    package let head: LogHead
    /// The page begins after this position.
    package let start: Int64
    package let events: [EventRow]
    /// Every event up to here that was asked for is in this page or an earlier one.
    package let through: Int64

    package init(head: LogHead, start: Int64, events: [EventRow], through: Int64) {
        self.head = head
        self.start = start
        self.events = events
        self.through = through
    }

    /// Whether retention has left all events after its start.
    package var isComplete: Bool { head.pruned <= start }

    /// Whether it reaches the end of the log.
    package var isLast: Bool { through >= head.position }
}

extension EventPage {
    /// Reads rows of head columns, where the page begins, whether more follows within the bounds, and event columns
    /// (null when none is left).
    init?(_ rows: PostgresResult) throws(PostgresError) {
        guard let first = rows.first else { return nil }
        head = try LogHead(first)
        start = try first.decode(4)
        var events: [EventRow] = []
        events.reserveCapacity(rows.count)
        var isCut = false
        for row in rows where !row[6].isNull {
            events.append(try EventRow(row, from: 6))
            if try row.decode(5, as: Bool?.self) ?? false { isCut = true }
        }
        self.events = events
        through = isCut ? events.last?.position ?? start : max(start, head.position)
    }
}
