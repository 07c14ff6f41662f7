extension Store {
    /// Settings of every session that runs the store's statements.
    ///
    /// Each statement finds its rows by an index, from a few that it knows. A plan is made once for a session and kept:
    /// while the tables are small PostgreSQL would take to reading them whole, and go on with that until it knows that they
    /// have grown (`analyzeGrownTables`). A plan for the values of one call is never better: yet PostgreSQL would make one
    /// for each, which takes as long as the statement does, where it takes the values to matter, as in large tables.
    /// Compiling such short statements only costs time.
    package static let sessionParameters = [
        ("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"), ("jit", "off"),
    ]
}
