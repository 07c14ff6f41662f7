import Postgres

extension Store {
    /// Throws `PostgresError` when the database does not answer.
    package func ping() async throws {
        _ = try await database.query("SELECT 1")
    }
}
