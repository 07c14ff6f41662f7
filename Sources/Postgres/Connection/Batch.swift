/// The content of one exchange with the server.
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

/// The messages of a batch, given which statements the connection has prepared.
struct BatchPlan {
    /// A group of messages; the server replies to the groups in order.
    enum Step: Hashable, Sendable {
        case deallocate(name: String)
        case prepare(query: Int, name: String)
        case execute(query: Int, name: String, isFresh: Bool)
        case script
        case sync
    }

    private(set) var steps: [Step] = []

    /// Pipelined steps have a reply each, syncs too; the others are one statement or one script.
    var isPipelined: Bool { steps.last == .sync }

    /// - Parameter isTransactionIdle: evicted statements are dropped only then, behind a sync of their own, so that
    ///   neither a failed transaction nor their failure concerns the batch.
    init(_ batch: Batch, statements: inout StatementCache, isTransactionIdle: Bool) {
        switch batch {
        case .script:
            steps = [.script]
        case .statement(let query):
            if let name = statements.name(for: query.sql) {
                steps = [.execute(query: 0, name: name, isFresh: false)]
            } else {
                add([query], &statements, isTransactionIdle)
            }
        case .pipeline(let queries):
            add(queries, &statements, isTransactionIdle)
        }
    }

    private mutating func add(_ queries: [PostgresQuery], _ statements: inout StatementCache, _ isTransactionIdle: Bool) {
        if isTransactionIdle, !statements.evicted.isEmpty {
            steps += statements.takeEvicted().map { .deallocate(name: $0) } + [.sync]
        }
        var fresh: Set<String> = []
        for (index, query) in queries.enumerated() {
            if let name = statements.name(for: query.sql) {
                steps.append(.execute(query: index, name: name, isFresh: fresh.contains(name)))
            } else {
                let name = statements.insert(query.sql)
                fresh.insert(name)
                steps += [.prepare(query: index, name: name), .execute(query: index, name: name, isFresh: true)]
            }
        }
        steps.append(.sync)
    }
}

/// The statements that a connection has prepared, by their SQL text; evicts the least recently used one.
struct StatementCache {
    private struct Entry {
        var name: String
        var lastUse: Int
    }

    let capacity: Int
    private var entries: [String: Entry] = [:]
    private var clock = 0
    private var nextName = 0
    /// Names that left the cache and still exist on the server.
    private(set) var evicted: [String] = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// The name of a prepared statement, which counts as a use of it.
    mutating func name(for sql: String) -> String? {
        clock += 1
        let now = clock
        guard let index = entries.index(forKey: sql) else { return nil }
        entries.values[index].lastUse = now
        return entries.values[index].name
    }

    /// Returns a new name for a statement that is about to be prepared.
    mutating func insert(_ sql: String) -> String {
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            evict(oldest.key)
        }
        nextName += 1
        clock += 1
        let name = "s\(nextName)"
        entries[sql] = Entry(name: name, lastUse: clock)
        return name
    }

    /// Drops a statement that exists on the server but must not be used again.
    mutating func evict(_ sql: String) {
        if let entry = entries.removeValue(forKey: sql) { evicted.append(entry.name) }
    }

    /// Drops a statement that the server does not have, because preparing it failed.
    mutating func forget(_ sql: String, name: String) {
        if entries[sql]?.name == name { entries[sql] = nil }
    }

    /// Drops everything: the server has lost the statements (`DISCARD ALL`).
    mutating func forgetAll() {
        entries.removeAll()
        evicted.removeAll()
    }

    mutating func takeEvicted() -> [String] {
        defer { evicted.removeAll() }
        return evicted
    }

    /// Takes back a name whose DEALLOCATE failed.
    mutating func restoreEvicted(_ name: String) {
        evicted.append(name)
    }
}
