import Postgres

/// Whether a `SELECT` locks the rows that it finds; its raw value is the end of the statement.
enum RowLock: String {
    case none = ""
    case noKeyUpdate = " FOR NO KEY UPDATE"
}

/// How long a client's request waits for a row that another session holds.
let heldRowTimeout: Duration = .seconds(2)

extension PostgresQuery {
    /// Limits how long the transaction's statements wait for a lock; zero: no limit.
    static func lockTimeout(_ timeout: Duration) -> PostgresQuery {
        "SELECT set_config('lock_timeout', \(String(Int64(timeout / .milliseconds(1)))), true)"
    }
}

/// Turns the failure to get a row in time into an error that a client understands.
///
/// - Parameter row: what another session holds.
/// - Throws: `StoreError` `conflict` in place of SQLSTATE 55P03; everything else as it is.
func refusingHeldRows<T>(_ row: String = "a row of the task", _ body: () async throws -> T) async throws -> T {
    do {
        return try await body()
    } catch let error as PostgresError where error.sqlState == PostgresError.SQLState.lockNotAvailable {
        throw StoreError(.conflict, "Another session holds \(row). Try again.")
    }
}
