package import Base
package import Foundation
import Postgres
import Workflow

/// Consecutive events of a log, and its head in the same snapshot.
package struct EventPage: Sendable {
    package let head: LogHead
    /// The page begins after this position.
    package let start: Int64
    package let events: [EventRow]
    /// In a page of all of the log.
    package let accessChanges: [AccessChange]
    /// Every event up to here that was asked for is in this page or an earlier one.
    package let through: Int64

    package init(
        head: LogHead, start: Int64, events: [EventRow], accessChanges: [AccessChange] = [], through: Int64
    ) {
        self.head = head
        self.start = start
        self.events = events
        self.accessChanges = accessChanges
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
        start = try first.decode(5)
        var events: [EventRow] = []
        events.reserveCapacity(rows.count)
        var accessChanges: [AccessChange] = []
        var isCut = false
        for row in rows where !row[7].isNull {
            if row[9].isNull {
                accessChanges.append(AccessChange(row, position: try row.decode(7)))
            } else {
                events.append(try EventRow(row, from: 7))
            }
            if try row.decode(6, as: Bool?.self) ?? false { isCut = true }
        }
        self.events = events
        self.accessChanges = accessChanges
        let last = max(events.last?.position ?? start, accessChanges.last?.position ?? start)
        through = isCut ? last : max(start, head.position)
    }
}

/// One event of a tenant's log, with what a stream needs to route it and the finished JSON that it sends.
package struct EventRow: Sendable {
    package let position: Int64
    package let type: String
    package let task: TaskFacts
    /// The status that a `task_updated` carries; nil on every other event.
    package let taskStatus: String?
    /// `{"type", "cursor", "task_id", "at", "context", …the payload's members}`. Line breaks may stand between its
    /// tokens, where they are white space; strings hold none.
    package let data: JSONText

    package init(position: Int64, type: String, task: TaskFacts, taskStatus: String? = nil, data: JSONText) {
        self.position = position
        self.type = type
        self.task = task
        self.taskStatus = taskStatus
        self.data = data
    }
}

extension EventRow {
    /// Reads the columns from `first` on: position, type, task, conversation, user, workspace, workflow, privacy, status, data.
    init(_ row: PostgresRow, from first: Int) throws(PostgresError) {
        position = try row.decode(first)
        type = try row.decode(first + 1)
        task = try TaskFacts(row, from: first + 2)
        taskStatus = try row.decode(first + 8)
        guard let bytes = row[first + 9].bytes else {
            throw PostgresError(code: .decoding, message: "event \(position) has no data")
        }
        data = JSONText(bytes: bytes)
    }
}

/// How much one page of events may hold; a single event may be larger than `bytes` and is then a page of its own.
package struct EventPageLimit: Sendable, Hashable {
    package var count: Int
    /// Of payload, before the event's other members are added.
    package var bytes: Int

    package init(count: Int = 500, bytes: Int = 262_144) {
        self.count = count
        self.bytes = bytes
    }

    /// The limit for the page after one: where events are large, fewer rows are looked at that would not fit anyway.
    package func adjusted(to page: EventPage, maxCount: Int = 500) -> EventPageLimit {
        guard !page.events.isEmpty else { return self }
        let average = page.events.reduce(0) { $0 + $1.data.bytes.count } / page.events.count
        return EventPageLimit(count: min(maxCount, max(8, 2 * bytes / max(1, average))), bytes: bytes)
    }
}

/// The part of a tenant's log in which the events of a page are looked for.
package enum LogPart: Sendable, Hashable {
    /// All of it.
    case log
    /// The events of these tasks.
    case tasks(Set<UUID>)
    /// The events of a conversation's tasks. When it has many, all of the log is the page, and others' events are in it.
    case conversation(ExactText)

    /// Up to so many tasks are looked up one by one.
    static let maxTasks = 100
}

extension LogPart {
    /// The page's events, in order, as a part of a query in which `h` is the tenant's head and `start` where the page begins.
    /// Those of some tasks are found task by task, each by the index that has them in order: a planner that mistakes a few
    /// tasks for most of the log would read all of it.
    func ahead(_ tenantID: String, _ limit: EventPageLimit) -> PostgresQuery {
        switch self {
        case .log: Self.ofLog(limit, where: "true")
        case .tasks(let taskIDs): Self.ofTasks("SELECT unnest(\(Array(taskIDs))::uuid[]) AS task_id", limit, where: "true")
        case .conversation(let id): Self.ofConversation(id.text, tenantID, limit)
        }
    }

    private static func ofLog(_ limit: EventPageLimit, where condition: PostgresQuery) -> PostgresQuery {
        """
        SELECT events.position, events.type, events.task_id, events.payload, events.created_at
          FROM pressroom.events
         WHERE events.tenant_id = h.tenant_id AND events.position > start.position AND \(part: condition)
         ORDER BY events.position LIMIT \(limit.count)
        """
    }

    private static func ofTasks(
        _ tasks: PostgresQuery, _ limit: EventPageLimit, where condition: PostgresQuery
    ) -> PostgresQuery {
        """
        SELECT own.* FROM (\(part: tasks)) AS wanted
         CROSS JOIN LATERAL (
               SELECT events.position, events.type, events.task_id, events.payload, events.created_at
                 FROM pressroom.events
                WHERE events.tenant_id = h.tenant_id AND events.task_id = wanted.task_id
                  AND events.position > start.position
                ORDER BY events.position LIMIT \(limit.count)) AS own
         WHERE \(part: condition)
         ORDER BY own.position LIMIT \(limit.count)
        """
    }

    /// One of the two is run: the condition is known before.
    private static func ofConversation(_ id: String, _ tenantID: String, _ limit: EventPageLimit) -> PostgresQuery {
        let tasks: PostgresQuery = """
            SELECT t.task_id FROM pressroom.tasks t
             WHERE t.tenant_id = \(tenantID) AND t.conversation_id = \(id) LIMIT \(maxTasks + 1)
            """
        let isSmall: PostgresQuery = "(SELECT count(*) <= \(maxTasks) FROM (\(part: tasks)) AS own)"
        return """
            (\(part: ofTasks(tasks, limit, where: isSmall)))
            UNION ALL
            (\(part: ofLog(limit, where: "NOT \(part: isSmall)")))
            """
    }
}

extension Store {
    /// The events of a tenant after a position, in order, of which those may be left out that are not of `part`. Nil
    /// when the tenant has no log.
    package func eventPage(
        tenantID: String, _ part: LogPart = .log, after position: Int64, limit: EventPageLimit = EventPageLimit()
    ) async throws -> EventPage? {
        try await Self.eventPage(database, tenantID, part, after: position, limit: limit)
    }

    static func eventPage(
        _ database: PostgresClient, _ tenantID: String, _ part: LogPart, after position: Int64, limit: EventPageLimit
    ) async throws -> EventPage? {
        try EventPage(await database.query(in: tenantID, pageQuery(tenantID, part, after: position, limit)))
    }

    /// Reads the events that the transaction itself has appended, as `EventPage.init` takes them; no row without any.
    /// The tenant's head is locked since the first of them, so that they are consecutive.
    ///
    /// The service's own payloads are objects with members and without white space around them, and a task that is
    /// still open in the transaction's own view has had no event that ended it. So this query need not look at all that a
    /// page of any events has to. There are as many events as a batch made, of about the size that it wrote.
    static func localEventsQuery(_ tenantID: String) -> PostgresQuery {
        """
        SELECT \(raw: LogHead.columns), start.position, false,
               e.position, e.type, e.task_id, \(raw: TaskFacts.columns),
               CASE WHEN e.type = '\(raw: EventType.taskUpdated.rawValue)' AND t.status IN ('completed', 'failed', 'cancelled')
                    THEN e.payload #>> '{task,status}' END,
               CASE WHEN e.task_id IS NULL THEN e.payload::text
                    ELSE '{"type":"' || e.type || '","cursor":"' || h.epoch || '.' || e.position
                   || '","task_id":"' || e.task_id || '","at":"' || pressroom.iso(e.created_at)
                   || '","context":' || coalesce(t.context::text, 'null') || ',' || substr(e.payload::text, 2) END AS data
          FROM pressroom.stream_heads h
          JOIN (SELECT nullif(current_setting('pressroom.first_event', true), '')::bigint AS position) AS start
            ON start.position IS NOT NULL
          JOIN pressroom.events e ON e.tenant_id = h.tenant_id AND e.position > start.position
          LEFT JOIN LATERAL (
               SELECT tasks.context, tasks.status, \(raw: TaskFacts.sources) FROM pressroom.tasks
                WHERE tasks.tenant_id = h.tenant_id AND tasks.task_id = e.task_id LIMIT 1) AS t ON true
         WHERE h.tenant_id = \(tenantID)
         ORDER BY e.position
        """
    }

    /// The head comes from the same snapshot: a transaction whose first event is in the page lies wholly at or below it.
    /// Each event's task is looked up by its key, whatever the planner expects of tables that it has not analyzed yet.
    /// Payloads are counted twice: as they are stored, so that no more are read than needed (they may be compressed),
    /// and as they are sent.
    private static func pageQuery(
        _ tenantID: String, _ part: LogPart, after position: Int64, _ limit: EventPageLimit
    ) -> PostgresQuery {
        """
        SELECT \(raw: LogHead.columns), start.position, e.is_cut,
               e.position, e.type, e.task_id, \(raw: TaskFacts.columns),
               CASE WHEN e.type = '\(raw: EventType.taskUpdated.rawValue)' THEN e.body::json #>> '{task,status}' END,
               CASE WHEN e.task_id IS NULL THEN e.body
                    ELSE '{"type":' || to_json(e.type) || ',"cursor":"' || h.epoch || '.' || e.position
                   || '","task_id":"' || e.task_id || '","at":"' || pressroom.iso(e.created_at)
                   || '","context":' || coalesce(t.context::text, 'null')
                   || CASE WHEN e.body ~ '^[{]\\s*[}]' THEN '' ELSE ',' END || substr(e.body, 2) END AS data
          FROM pressroom.stream_heads h
          CROSS JOIN (SELECT \(position)::bigint AS position) AS start
          LEFT JOIN LATERAL (
               SELECT page.*,
                      page.number = \(limit.count) OR page.stored >= \(limit.bytes)
                          OR page.bytes >= \(limit.bytes) AS is_cut
                 FROM (SELECT sized.*, sum(octet_length(sized.body)) OVER (ORDER BY sized.position) AS bytes
                         FROM (SELECT near.*, ltrim(near.payload::text, E' \\n\\r\\t') AS body
                                 FROM (SELECT ahead.*, row_number() OVER (ORDER BY ahead.position) AS number,
                                              sum(pg_column_size(ahead.payload)) OVER (ORDER BY ahead.position) AS stored
                                         FROM (\(part: part.ahead(tenantID, limit))) AS ahead) AS near
                                WHERE near.stored - pg_column_size(near.payload) < \(limit.bytes)
                               OFFSET 0) AS sized) AS page
                WHERE page.bytes - octet_length(page.body) < \(limit.bytes)) AS e ON true
          LEFT JOIN LATERAL (
               SELECT tasks.context, \(raw: TaskFacts.sources) FROM pressroom.tasks
                WHERE tasks.tenant_id = h.tenant_id AND tasks.task_id = e.task_id LIMIT 1) AS t ON true
         WHERE h.tenant_id = \(tenantID)
         ORDER BY e.position
        """
    }
}
