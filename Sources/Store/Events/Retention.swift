import Postgres

extension Store {
    /// Removes events older than the retention, or the tenant's own, from every tenant's log; older cursors get a `reset` from then on.
    /// Returns how many.
    ///
    /// The mark is set first, in a transaction of its own, because it takes the tenant's stream head: no writer waits for
    /// the removal of a million events. What is left when the service ends meanwhile, the next round removes.
    ///
    /// - Parameter span: of positions that one transaction removes.
    package func pruneEvents(olderThan age: Duration, span: Int64 = 5_000) async throws -> Int {
        let tenants = try await query(.retention, "SELECT tenant_id, events_retention FROM pressroom.tenants ORDER BY tenant_id")
        var removed = 0
        for tenant in tenants {
            let tenantID: String = try tenant.decode(0)
            let seconds = try tenant.decode(1, as: Int?.self).map(Double.init) ?? age / .seconds(1)
            let mark = try await database.query(
                in: tenantID,
                "SELECT pressroom.retire_events(\(tenantID), now() - make_interval(secs => \(seconds)))")
            removed += try await removeEvents(tenantID, upTo: try mark[0].decode(0, as: Int64?.self) ?? 0, span)
        }
        return removed
    }

    private func removeEvents(_ tenantID: String, upTo mark: Int64, _ span: Int64) async throws -> Int {
        let first = try await database.query(
            in: tenantID,
            """
            SELECT position FROM pressroom.events WHERE tenant_id = \(tenantID) AND position <= \(mark)
             ORDER BY position LIMIT 1
            """)
        guard var start = try first.first?.decode(0, as: Int64.self) else { return 0 }
        var removed = 0
        while start <= mark {
            // From `start` on, and not from the beginning, where the index still has what is removed.
            let end = min(start + span - 1, mark)
            let rows = try await database.query(
                in: tenantID, "SELECT pressroom.remove_events(\(tenantID), \(start), \(end))")
            removed += try rows[0].decode(0, as: Int.self)
            start = end + 1
        }
        return removed
    }
}
