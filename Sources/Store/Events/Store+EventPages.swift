import Postgres

extension Store {
    /// The events of a tenant after a position, in order, of which those may be left out that `source` does not want. Nil
    /// when the tenant has no log.
    package func eventPage(
        tenantID: String, _ source: EventSource = .log, after position: Int64, limit: EventPageLimit = EventPageLimit()
    ) async throws -> EventPage? {
        try await Self.eventPage(database, tenantID, source, after: position, limit: limit)
    }

    static func eventPage(
        _ database: PostgresClient, _ tenantID: String, _ source: EventSource, after position: Int64, limit: EventPageLimit
    ) async throws -> EventPage? {
        try EventPage(await database.query(pageQuery(tenantID, source, after: position, limit)))
    }

    /// Reads the events that the transaction itself has appended, as `EventPage.init` takes them; no row without any.
    /// The tenant's head is locked since the first of them, so that they are consecutive.
    ///
    /// The service's own payloads are objects with members and without white space around them, and a task that is
    /// still open in the transaction's own view has had no event that ended it: much of what a page of anybody's events
    /// has to look at is known here. There are as many as a batch made, of about the size that it wrote.
    static func ownEventsQuery(_ tenantID: String) -> PostgresQuery {
        """
        SELECT h.tenant_id, h.epoch, h.position, h.pruned, start.position, false,
               e.position, e.type, e.task_id, t.context ->> 'conversation_id', t.context ->> 'user_id',
               t.workspace_id, t.workflow_name,
               CASE WHEN e.type = 'task_updated' AND t.status IN ('completed', 'failed', 'cancelled')
                    THEN e.payload #>> '{task,status}' END,
               '{"type":"' || e.type || '","cursor":"' || h.epoch || '.' || e.position
                   || '","task_id":"' || e.task_id || '","at":"' || pressroom.iso(e.created_at)
                   || '","context":' || coalesce(t.context::text, 'null') || ',' || substr(e.payload::text, 2)
          FROM pressroom.stream_heads h
          JOIN (SELECT nullif(current_setting('pressroom.first_event', true), '')::bigint AS position) AS start
            ON start.position IS NOT NULL
          JOIN pressroom.events e ON e.tenant_id = h.tenant_id AND e.position > start.position
          LEFT JOIN LATERAL (
               SELECT tasks.context, tasks.status, tasks.workspace_id, tasks.workflow_name FROM pressroom.tasks
                WHERE tasks.tenant_id = h.tenant_id AND tasks.task_id = e.task_id LIMIT 1) AS t ON true
         WHERE h.tenant_id = \(tenantID)
         ORDER BY e.position
        """
    }

    /// The head comes from the same snapshot: a transaction whose first event is in the page lies wholly at or below it.
    /// Each event's task is looked up by its key, whatever the planner believes of tables that it has not analyzed yet.
    /// Payloads are counted twice: as they are stored, so that no more are read than needed (they may be compressed),
    /// and as they are sent.
    private static func pageQuery(
        _ tenantID: String, _ source: EventSource, after position: Int64, _ limit: EventPageLimit
    ) -> PostgresQuery {
        """
        SELECT h.tenant_id, h.epoch, h.position, h.pruned, start.position, e.is_cut,
               e.position, e.type, e.task_id, t.context ->> 'conversation_id', t.context ->> 'user_id',
               t.workspace_id, t.workflow_name,
               CASE WHEN e.type = 'task_updated' THEN e.body::json #>> '{task,status}' END,
               '{"type":' || to_json(e.type) || ',"cursor":"' || h.epoch || '.' || e.position
                   || '","task_id":"' || e.task_id || '","at":"' || pressroom.iso(e.created_at)
                   || '","context":' || coalesce(t.context::text, 'null')
                   || CASE WHEN e.body ~ '^[{]\\s*[}]' THEN '' ELSE ',' END || substr(e.body, 2)
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
                                         FROM (\(part: source.ahead(tenantID, limit))) AS ahead) AS near
                                WHERE near.stored - pg_column_size(near.payload) < \(limit.bytes)
                               OFFSET 0) AS sized) AS page
                WHERE page.bytes - octet_length(page.body) < \(limit.bytes)) AS e ON true
          LEFT JOIN LATERAL (
               SELECT tasks.context, tasks.workspace_id, tasks.workflow_name FROM pressroom.tasks
                WHERE tasks.tenant_id = h.tenant_id AND tasks.task_id = e.task_id LIMIT 1) AS t ON true
         WHERE h.tenant_id = \(tenantID)
         ORDER BY e.position
        """
    }
}
