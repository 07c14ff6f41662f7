import Postgres

/// How long a client's request waits for a row that another session holds.
let heldRowTimeout: Duration = .seconds(2)

/// Says in the store's words that a row stayed held.
///
/// - Throws: `StoreError` `conflict` in place of SQLSTATE 55P03; everything else as it is.
func refusingHeldRows<T>(_ body: () async throws -> T) async throws -> T {
    do {
        return try await body()
    } catch let error as PostgresError where error.sqlState == PostgresError.SQLState.lockNotAvailable {
        throw StoreError(.conflict, "Another session holds a row of the task. Try again.")
    }
}
