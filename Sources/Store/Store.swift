package import Postgres
package import Workflow

/// Every SQL statement of the service: rows in, rows out. A file covers a table, or one use of several.
package struct Store: Sendable {
    package let database: PostgresClient
    /// For streams that begin or replay at the same time.
    package let streamReads: StreamReads
    let workflowCache: WorkflowVersionCache
    let expressionLimits: ExpressionLimits
    let maxInputBytes: Int
    let customEvents = WriteQueue<CustomEvent, Cursor>()
    let taskStarts = WriteQueue<TaskStart, TaskView>()
    private let observers: [any CommitObserver]

    /// - Parameters:
    ///   - observers: told of each commit of this store, in this order.
    ///   - maxInputBytes: of a task's input and a person's answer, with the defaults of their schemas.
    package init(
        database: PostgresClient, observers: [any CommitObserver] = [], expressionLimits: ExpressionLimits = ExpressionLimits(),
        maxInputBytes: Int = JSONSchema.maxBytes
    ) {
        self.database = database
        self.observers = observers
        self.expressionLimits = expressionLimits
        self.maxInputBytes = maxInputBytes
        workflowCache = WorkflowVersionCache(maxInputBytes: maxInputBytes)
        streamReads = StreamReads(database)
    }

    /// Runs a short transaction in a scope, and tells the commit observers of it.
    ///
    /// Its changes become events at once (docs/events.md). It must therefore lock every row that another session may hold
    /// before it changes the first one.
    /// - Throws: what the body throws, or `PostgresError`; nothing is changed then.
    package func write<T: Sendable>(
        _ scope: Scope, _ body: @Sendable (WriteTransaction) async throws -> T
    ) async throws -> T {
        let isFollowed = isFollowed(scope)
        let closing = isFollowed ? Self.localEventsQuery(scope.tenantID) : nil
        let (result, transaction) = try await database.withTransaction(opening: [TenantScope.writing(scope)]) { connection in
            let transaction = WriteTransaction(connection, closing: closing)
            let result = try await body(transaction)
            if connection.isInTransaction { _ = try await transaction.commit() }
            return (result, transaction)
        }
        committed(scope, events: transaction.readBack, work: transaction.work, ended: transaction.ended)
        return result
    }

    /// Runs statements that are known in advance as one transaction in a scope, in one round trip, and tells the commit
    /// observers of it.
    ///
    /// - Returns: the results of `queries`.
    func write(
        _ scope: Scope, _ queries: [PostgresQuery], work: Commit.Work = .none, ended: EndedWork = .none
    ) async throws -> [PostgresResult] {
        let isFollowed = isFollowed(scope)
        var results = try await database.pipeline(
            [TenantScope.writing(scope)] + queries + (isFollowed ? [Self.localEventsQuery(scope.tenantID)] : []))
        committed(scope, events: isFollowed ? results.removeLast() : nil, work: work, ended: ended)
        results.removeFirst()
        return results
    }

    /// Whether the commit is to read its events back.
    private func isFollowed(_ scope: Scope) -> Bool {
        observers.contains { $0.follows(tenantID: scope.tenantID) }
    }

    private func committed(_ scope: Scope, events: PostgresResult?, work: Commit.Work, ended: EndedWork) {
        let commit = Commit(tenantID: scope.tenantID, events: LocalEvents(events), work: work, ended: ended)
        for observer in observers { observer.committed(commit) }
    }

    /// Throws `PostgresError` when the database does not answer, or accepts no changes (SQLSTATE 25006), as a standby does.
    package func ping() async throws {
        // Locks no row, but counts as a change.
        _ = try await database.query("SELECT FROM pressroom.stream_heads WHERE false FOR NO KEY UPDATE")
    }
}

/// The tenant whose rows a statement sees, and the author of its events.
///
/// It comes from the caller's credentials or from a task's execution context; no code makes up a part of it.
package struct Scope: Sendable, Hashable {
    package let tenantID: String
    package let userID: String
    /// The value of `events.actor`, also shown in the history: `user:<id>`, `processor:<id>`.
    package let actor: String
    /// What reads in this scope see of the tenant; nil: all of it. Writes see all: what they act on was looked for before
    /// (`Store.guarded`).
    package let sight: Sight?

    package init(tenantID: String, userID: String, actor: String? = nil, sight: Sight? = nil) {
        self.tenantID = tenantID
        self.userID = userID
        self.actor = actor ?? "user:\(userID)"
        self.sight = sight
    }

    /// The same, as what has no sender sees the tenant.
    package func seeing(_ sight: Sight?) -> Scope {
        Scope(tenantID: tenantID, userID: userID, actor: actor, sight: sight)
    }
}
