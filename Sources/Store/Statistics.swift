import Postgres

extension Store {
    /// Has PostgreSQL look at tables that have doubled since it last did. Answers how many.
    ///
    /// Autovacuum comes once a minute; meanwhile a new database can go from nothing to a hundred thousand rows, with plans
    /// that were made for empty tables: every statement of the service is prepared.
    package func analyzeGrownTables() async throws -> Int {
        let grown = try await database.query(
            """
            SELECT s.relname FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
             WHERE s.schemaname = 'pressroom' AND s.n_live_tup > 500 + 2 * greatest(c.reltuples, 0)
            """
        ).map { try $0.decode("relname", as: String.self) }
        for table in grown {
            // How many rows there are is what matters; a tenth of the usual sample tells that.
            _ = try await database.pipeline([
                "SELECT set_config('default_statistics_target', '10', true)",
                "ANALYZE (SKIP_LOCKED) pressroom.\(identifier: table)",
            ])
        }
        return grown.count
    }
}
