/// What one exchange with the server carries.
enum Batch: Sendable {
    /// One statement with bound parameters, by way of the statement cache.
    case statement(PostgresQuery)
    /// Several statements in one round trip; one implicit transaction unless one is open.
    case pipeline([PostgresQuery])
    /// SQL text without parameters, possibly several statements, by the simple protocol.
    case script(String)

    var problem: String? {
        switch self {
        case .statement(let query): query.problem
        case .pipeline(let queries): queries.lazy.compactMap(\.problem).first
        case .script(let sql): sql.containsNUL ? "the script contains a NUL character" : nil
        }
    }

    /// The text of the statement with that number.
    func sql(_ index: Int) -> String? {
        switch self {
        case .statement(let query): query.sql
        case .pipeline(let queries): queries.indices.contains(index) ? queries[index].sql : nil
        case .script(let sql): sql
        }
    }
}
