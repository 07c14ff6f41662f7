import Postgres

/// How a statement gets its tenant, and with it the rows that the policies of the tables let it see
/// (`migrations/0013_access.up.sql`).
///
/// The role and the settings last until the transaction ends, and are sent in its first round trip.
enum TenantScope {
    /// The role of statements that belong to one tenant. It cannot bypass a policy.
    static let role = "pressroom_service"

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

extension Store {
    /// Runs a statement that reads, or writes rows without events, in a scope.
    func query(_ scope: Scope, _ query: PostgresQuery) async throws -> PostgresResult {
        try await database.query(in: scope.tenantID, query)
    }
}
