import Postgres

extension Store {
    /// Forgets the deleted tasks whose events would be past retention by now: the log has no holes there any more.
    package func forgetDeletedTasks() async throws {
        _ = try await database.query(
            """
            DELETE FROM pressroom.deleted_tasks d USING pressroom.stream_heads h
             WHERE h.tenant_id = d.tenant_id AND coalesce(upper(d.positions), 0) <= h.pruned + 1
            """)
    }
}
