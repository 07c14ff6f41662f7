import Postgres

/// What statements read of the tables that grow, as PostgreSQL counts it: pages, rows, and whole tables.
struct Footprint: Sendable {
    var pages = 0
    var rows = 0
    /// The tables that were read from their beginning to their end.
    var wholeTables: [String] = []

    private static let growing = [
        "tasks", "phases", "steps", "outputs", "output_versions", "evaluations", "rankings", "signals", "events",
        "human_tasks", "logs", "attempts", "calls", "call_bodies", "usage_hours", "api_keys", "workspaces", "workspace_members",
        "schedules", "idempotency_keys",
    ]

    /// - Parameter client: has one connection, whose counts are looked at.
    static func of(_ client: PostgresClient, _ body: () async throws -> Void) async throws -> Footprint {
        let before = try await counts(client)
        try await body()
        let after = try await counts(client)
        var footprint = Footprint()
        for (table, count) in after {
            guard let old = before[table] else { continue }
            footprint.pages += count.pages - old.pages
            footprint.rows += count.rows - old.rows
            if count.scans > old.scans { footprint.wholeTables.append(table) }
        }
        return footprint
    }

    private static func counts(_ client: PostgresClient) async throws -> [String: (pages: Int, rows: Int, scans: Int)] {
        _ = try await client.query("SELECT pg_stat_force_next_flush()")
        return try await client.query(
            """
            SELECT t.relname::text, t.seq_scan, t.seq_tup_read + coalesce(t.idx_tup_fetch, 0) AS rows,
                   i.heap_blks_hit + i.heap_blks_read + coalesce(i.idx_blks_hit + i.idx_blks_read, 0) AS pages
              FROM pg_stat_user_tables t JOIN pg_statio_user_tables i USING (relid)
             WHERE t.schemaname = 'pressroom' AND t.relname = ANY(\(growing)::text[])
            """
        ).reduce(into: [:]) { counts, row in
            counts[try row.decode(0)] = (
                pages: try row.decode("pages"), rows: try row.decode("rows"), scans: try row.decode("seq_scan")
            )
        }
    }
}
