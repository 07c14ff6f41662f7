package import Postgres
import Workflow

/// Every SQL statement of the service: rows in, rows out. One file a table or a way of using several.
package struct Store: Sendable {
    package let database: PostgresClient
    package let hints = CommitHints()
    /// For streams that begin or replay at the same time.
    package let streamReads: StreamReads
    let expressionLimits: ExpressionLimits
    let customEvents = WriteQueue<CustomEvent, Cursor>()
    let taskStarts = WriteQueue<TaskStart, TaskView>()

    package init(database: PostgresClient, expressionLimits: ExpressionLimits = ExpressionLimits()) {
        self.database = database
        self.expressionLimits = expressionLimits
        streamReads = StreamReads(database)
    }

    /// Runs a short transaction in a scope. Its changes become events at once (docs/events.md), so it must lock every
    /// row that somebody else may hold before it changes the first one.
    /// - Throws: what the body throws, or `PostgresError`; nothing is changed then.
    package func write<T: Sendable>(
        _ scope: Scope, _ body: @Sendable (PostgresConnection) async throws -> T
    ) async throws -> T {
        let isFollowed = hints.follows(tenantID: scope.tenantID)
        let (result, readBack) = try await database.withTransaction(
            opening: [Self.scopeQuery(scope)], closing: isFollowed ? [Self.ownEventsQuery(scope.tenantID)] : [], body)
        hints.committed(tenantID: scope.tenantID, events: OwnEvents(readBack.first))
        return result
    }

    /// What every writing transaction begins with.
    static func scopeQuery(_ scope: Scope) -> PostgresQuery {
        """
        SELECT set_config('pressroom.tenant', \(scope.tenantID), true),
               set_config('pressroom.actor', \(scope.actor), true),
               set_config('pressroom.events', 'immediate', true)
        """
    }
}

/// For whom a statement runs: the tenant whose rows it sees, and who is named as the author of its events.
///
/// It comes out of the caller's credentials or of a task's execution context; no code makes up a part of it.
package struct Scope: Sendable, Hashable {
    package let tenantID: String
    package let userID: String
    /// What `events.actor` and the history say: `user:<id>`, `processor:<id>`.
    package let actor: String

    package init(tenantID: String, userID: String, actor: String? = nil) {
        self.tenantID = tenantID
        self.userID = userID
        self.actor = actor ?? "user:\(userID)"
    }
}

extension Store {
    /// Throws `PostgresError` when the database does not answer.
    package func ping() async throws {
        _ = try await database.query("SELECT 1")
    }
}
