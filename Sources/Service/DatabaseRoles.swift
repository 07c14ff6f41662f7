import Postgres
import Store

/// The roles that the service's login needs (`migrations/0013_access.up.sql`).
enum DatabaseRoles {
    /// - Throws: `RoleError` when the login may not take them; with what an administrator has to run.
    static func check(_ client: PostgresClient) async throws {
        do {
            _ = try await client.query("SELECT 1")
            for role in Store.roles { _ = try await client.query("SELECT set_config('role', \(role), true)") }
        } catch let error as PostgresError where RoleError.states.contains(error.sqlState ?? "") {
            throw RoleError(error)
        }
    }
}

/// The login may not take the roles of the service.
package struct RoleError: Error, CustomStringConvertible {
    package let description: String

    /// Insufficient privilege, and a value that a setting refuses: there is no such role.
    fileprivate static let states: Set<String> = ["42501", "22023"]

    init(_ error: PostgresError) {
        let grants = Store.roles.map { "GRANT \($0) TO the_login;" }.joined(separator: " ")
        description =
            "the login of database.url may not work in the roles of the service (\(error.message)); an administrator has to run: "
            + grants
    }
}
