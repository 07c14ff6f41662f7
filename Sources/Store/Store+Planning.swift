extension Store {
    /// Settings of every session that runs the store's statements.
    ///
    /// Each statement finds its rows by an index, from a few that it knows. A plan is made once for a session and kept:
    /// while the tables are small PostgreSQL would take to reading them whole, and go on with that until it knows that they
    /// have grown (`analyzeGrownTables`). Compiling such short statements only costs time.
    package static let sessionParameters = [
        ("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("jit", "off"),
    ]
}
