package import Logging
import ServiceLifecycle

/// A pool of connections to one database. Usable from the start; `run()` keeps it in order (`PoolUpkeep.swift`) and ties its
/// end to the service's.
package final class PostgresClient: Service, Sendable {
    package let configuration: PostgresConfiguration
    private let pool: ConnectionPool

    package init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        pool = ConnectionPool(configuration: configuration, logger: logger)
    }

    /// Waits for a first connection. When it takes longer than `patience`, logs the server's address, without the password,
    /// and why the last attempt failed. Throws as a query does that gets no connection.
    package func connect(patience: Duration = .milliseconds(700)) async throws {
        let notice = Task { [pool] in
            try await Task.sleep(for: patience)
            pool.logWait()
        }
        defer { notice.cancel() }
        try await withConnection { _ in }
    }

    /// Keeps the pool in order until graceful shutdown or cancellation, then shuts down.
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pool.keep() }
            try? await gracefulShutdown()
            group.cancelAll()
        }
        await shutdown()
    }

    /// Refuses new work (`.shutdown`), and returns when the connections in use have come back and all are closed.
    package func shutdown() async {
        await pool.shutDown()
    }

    /// What the pool holds now.
    package var poolStatus: PoolStatus { pool.status }

    /// Runs one statement on any connection. Throws `PostgresError`.
    package func query(_ query: PostgresQuery) async throws -> PostgresResult {
        let connection = try await pool.acquire()
        defer { pool.release(connection) }
        return try await connection.query(query)
    }

    /// Runs statements in one round trip and one transaction of their own: the first error undoes all of them.
    package func pipeline(_ queries: [PostgresQuery]) async throws -> [PostgresResult] {
        let connection = try await pool.acquire()
        defer { pool.release(connection) }
        return try await connection.pipeline(queries)
    }

    /// Lends a connection for the time of `body`. A transaction that `body` leaves open is rolled back, by closing
    /// the connection. Session settings that it changes stay.
    package func withConnection<T: Sendable>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        let connection = try await pool.acquire()
        defer { pool.release(connection) }
        return try await body(connection)
    }

    /// Runs `body` in a transaction; see `PostgresConnection.withTransaction`.
    package func withTransaction<T: Sendable>(
        isolation: IsolationLevel = .readCommitted, readOnly: Bool = false,
        _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await withConnection { connection in
            try await connection.withTransaction(isolation: isolation, readOnly: readOnly, body)
        }
    }

    /// Runs `body` in a transaction with statements that go out together with BEGIN.
    package func withTransaction<T: Sendable>(
        opening: [PostgresQuery], _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await withConnection { connection in
            try await connection.withTransaction(opening: opening, body)
        }
    }
}
