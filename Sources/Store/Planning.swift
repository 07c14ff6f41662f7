import Postgres

extension Store {
    /// Settings of every session that runs the store's statements.
    ///
    /// Each statement finds its rows by an index, from a few that it knows. A plan is made once for a session and kept:
    /// while the tables are small, PostgreSQL would read them whole, and go on so until it knows that they have grown
    /// (`analyzeGrownTables`). A plan for the values of one call is never better. Yet on large tables, where PostgreSQL
    /// expects the values to matter, it would make one for each call, which takes as long as the statement itself.
    /// Compiling such short statements only costs time.
    ///
    /// Names without a schema are PostgreSQL's own, whatever the database's `search_path` is and whatever has their names
    /// elsewhere; those of the service have their schema.
    package static let sessionParameters = [
        ("search_path", "pg_catalog, pg_temp"),
        ("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"), ("jit", "off"),
    ]
}

extension Store {
    /// Has PostgreSQL analyze the tables that have doubled since it last did. Returns how many.
    ///
    /// Autovacuum comes once a minute; meanwhile a new database can grow to a hundred thousand rows, with plans that were
    /// made for empty tables: every statement of the service is prepared.
    package func analyzeGrownTables() async throws -> Int {
        let grown = try await database.query(
            """
            SELECT s.relname FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
             WHERE s.schemaname = 'pressroom' AND s.n_live_tup > 500 + 2 * greatest(c.reltuples, 0)
            """
        ).map { try $0.decode("relname", as: String.self) }
        for table in grown {
            // Only the number of rows matters; a tenth of the usual sample is enough for it.
            _ = try await database.pipeline([
                "SELECT set_config('default_statistics_target', '10', true)",
                "SELECT pressroom.analyze(\(table))",
            ])
        }
        return grown.count
    }
}
