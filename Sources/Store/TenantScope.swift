import Base
import Foundation
import Postgres
import Workflow

/// How a statement gets its tenant, and with it the rows that the policies of the tables let it see
/// (`migrations/0013_access.up.sql`).
///
/// The role and the settings last until the transaction ends, and are sent in its first round trip.
enum TenantScope {
    /// The role of statements that belong to one tenant. It cannot bypass a policy.
    static let role = "pressroom_service"

    /// The role of statements that read for a sender who does not see the whole tenant (`migrations/0015_sight.up.sql`).
    static let memberRole = "pressroom_member"

    /// The first statement of a transaction that reads what a sender sees.
    static func query(_ tenantID: String, _ sight: Sight) -> PostgresQuery {
        """
        SELECT set_config('role', \(memberRole), true), set_config('pressroom.tenant', \(tenantID), true),
               set_config('pressroom.user', \(sight.userID), true),
               set_config('pressroom.workspaces', \(literal(sight.workspaces)), true),
               set_config('pressroom.managed', \(literal(sight.managed)), true),
               set_config('pressroom.narrowed', \(sight.seesUnplaced ? "" : "on"), true)
        """
    }

    /// Follows ``query(_:_:)``: notes whether the sender sees a task, for ``isSeen``, and lets the statements after it see the
    /// whole tenant. They must read rows of this task alone. As a member, each of them would look at the task again, for every
    /// row of every table.
    static func look(at taskID: UUID, _ tenantID: String) -> PostgresQuery {
        """
        SELECT (SELECT set_config('pressroom.seen_task', t.task_id::text, true) FROM pressroom.tasks t
                 WHERE t.tenant_id = \(tenantID) AND t.task_id = \(taskID)) AS seen,
               (SELECT h.privacy FROM pressroom.stream_heads h WHERE h.tenant_id = \(tenantID)) AS privacy,
               set_config('role', \(role), true)
        """
    }

    /// The condition that the task `t` was seen by ``look(at:_:)``.
    static let isSeen = "t.task_id::text = current_setting('pressroom.seen_task', true)"

    private static func literal(_ ids: Set<UUID>) -> String {
        "{" + ids.map(\.text).sorted().joined(separator: ",") + "}"
    }

    /// The first statement of a transaction that only reads, or writes rows without events.
    static func query(_ tenantID: String) -> PostgresQuery {
        "SELECT set_config('role', \(role), true), set_config('pressroom.tenant', \(tenantID), true)"
    }

    /// The first statement of every transaction that changes rows with events.
    static func writing(_ scope: Scope) -> PostgresQuery {
        """
        SELECT set_config('role', \(role), true), set_config('pressroom.tenant', \(scope.tenantID), true),
               set_config('pressroom.actor', \(scope.actor), true),
               set_config('pressroom.events', 'immediate', true)
        """
    }
}

extension PostgresClient {
    /// Runs a statement that sees the rows of one tenant, in one round trip.
    func query(in tenantID: String, _ query: PostgresQuery) async throws -> PostgresResult {
        try await pipeline(in: tenantID, [query])[0]
    }

    /// Runs statements that see the rows of one tenant, in one transaction and one round trip.
    func pipeline(in tenantID: String, _ queries: [PostgresQuery]) async throws -> [PostgresResult] {
        Array(try await pipeline([TenantScope.query(tenantID)] + queries).dropFirst())
    }
}

extension PostgresClient {
    /// Runs a statement that reads what a scope sees, in one round trip.
    func query(in scope: Scope, _ query: PostgresQuery) async throws -> PostgresResult {
        try await pipeline(in: scope, [query])[0]
    }

    /// The same for several statements, in one transaction.
    ///
    /// A plan under a policy belongs to a role. So the statements of the two roles are kept apart by a comment, and neither
    /// makes the other's plans anew.
    func pipeline(in scope: Scope, _ queries: [PostgresQuery]) async throws -> [PostgresResult] {
        guard let sight = scope.sight else { return try await pipeline(in: scope.tenantID, queries) }
        let marked = queries.map { PostgresQuery(sql: "/* member */ " + $0.sql, parameters: $0.parameters) }
        return Array(try await pipeline([TenantScope.query(scope.tenantID, sight)] + marked).dropFirst())
    }
}

extension Store {
    /// Runs a statement that reads what a scope sees.
    func query(_ scope: Scope, _ query: PostgresQuery) async throws -> PostgresResult {
        try await database.query(in: scope, query)
    }
}
