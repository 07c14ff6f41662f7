import Postgres

/// What looks across tenants. Nothing else does: every other statement runs in the scope of one tenant (`TenantScope`).
///
/// Its statements run as the role `pressroom_worker`, whose policies show the rows of every tenant. None of them takes a
/// tenant, or any text, from a request, apart from credentials.
enum AcrossTenants {
    static let role = "pressroom_worker"

    /// Finds the queues that have due steps, and counts what runs under the limit of a model: nodes work for all tenants, and
    /// the limits of a provider are the provider's.
    case claims
    /// Finds the tasks that a processor has to look at.
    case wakeups
    /// Finds the running steps whose lease is over: a node's lease binds its steps of all tenants.
    case leases
    /// Writes and reads the texts in progress of a node, which writes for all tenants.
    case liveTexts
    /// Finds the schedules that are due.
    case schedules
    /// Reads the heads of the logs that a node follows, in one query.
    case logs
    /// Finds the tenants whose logs have expired events, and removes expired rows by their age.
    case retention
    /// Looks up a key, and what has become of keys and tenants: credentials are checked before a tenant is known.
    case credentials

    /// The first statement of their transaction.
    static let query: PostgresQuery = "SELECT set_config('role', \(role), true)"
}

extension Store {
    /// The roles that the login of the service has to be a member of.
    package static let roles = [TenantScope.role, TenantScope.memberRole, AcrossTenants.role]

    /// Settings of every session of the service: a statement that no scope was given for sees no row of a tenant.
    package static let serviceRole = [("role", TenantScope.role)]
}

extension Store {
    /// Runs a statement that sees the rows of all tenants, in one round trip.
    func query(_ purpose: AcrossTenants, _ query: PostgresQuery) async throws -> PostgresResult {
        try await Self.query(database, purpose, query)
    }

    /// - Parameter purpose: says why it may; the statement runs the same for each.
    static func query(
        _ database: PostgresClient, _ purpose: AcrossTenants, _ query: PostgresQuery
    ) async throws -> PostgresResult {
        try await database.pipeline([AcrossTenants.query, query])[1]
    }

    func pipeline(_ purpose: AcrossTenants, _ queries: [PostgresQuery]) async throws -> [PostgresResult] {
        Array(try await database.pipeline([AcrossTenants.query] + queries).dropFirst())
    }
}

extension PostgresConnection {
    /// Runs a statement that sees the rows of all tenants in a transaction of one tenant, which goes on in its scope.
    func query(_ purpose: AcrossTenants, _ query: PostgresQuery) async throws -> PostgresResult {
        try await pipeline([AcrossTenants.query, query, "SELECT set_config('role', \(TenantScope.role), true)"])[1]
    }
}
