/// How a batch goes over the wire, given which statements the connection has prepared.
struct BatchPlan {
    /// One message group that the server answers in order.
    enum Step: Hashable, Sendable {
        case deallocate(name: String)
        case prepare(query: Int, name: String)
        case execute(query: Int, name: String, isFresh: Bool)
        case script
        case sync
    }

    private(set) var steps: [Step] = []

    /// Pipelined steps are answered one by one, each sync by itself; the others are one statement or one script.
    var isPipelined: Bool { steps.last == .sync }

    /// - Parameter isTransactionIdle: evicted statements are dropped only then, in a round of their own, so that
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
