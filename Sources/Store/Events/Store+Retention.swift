import Postgres

extension Store {
    /// Removes events older than the retention from every tenant's log; older cursors get a `reset` from then on.
    /// Answers how many.
    package func pruneEvents(olderThan age: Duration) async throws -> Int {
        let tenants = try await database.query("SELECT tenant_id FROM pressroom.tenants ORDER BY tenant_id")
        var removed = 0
        for tenant in tenants {
            let result = try await database.query(
                """
                SELECT pressroom.prune_events(\(try tenant.decode(0, as: String.self)),
                                              now() - make_interval(secs => \(age / .seconds(1))))
                """)
            removed += try result[0].decode(0, as: Int.self)
        }
        return removed
    }
}
