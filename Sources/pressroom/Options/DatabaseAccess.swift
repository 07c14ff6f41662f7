import Logging
import Postgres
import Service
import Store

/// The database of a configuration, for commands that use it without a service.
struct DatabaseAccess {
    let configuration: PressroomConfiguration
    let logger: Logger

    init(_ configuration: PressroomConfiguration) {
        self.configuration = configuration
        var logger = Logger(label: "pressroom") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = max(configuration.logLevel, .notice)
        self.logger = logger
    }

    /// Runs `body` with a client. The private server is started for it, or joined where it runs.
    func withClient<Value: Sendable>(_ body: (PostgresClient) async throws -> Value) async throws -> Value {
        guard let url = configuration.database.url else {
            let server = EmbeddedPostgres(dataDirectory: configuration.database.dataDirectory, logger: logger)
            let database = try await server.start()
            do {
                let value = try await withClient(database, body)
                await server.stop()
                return value
            } catch {
                await server.stop()
                throw error
            }
        }
        return try await withClient(PostgresConfiguration(connectionString: url), body)
    }

    func withMigrator<Value: Sendable>(_ body: (Migrator) async throws -> Value) async throws -> Value {
        let directory = try ResourceLocator.current.migrationsDirectory(configuration)
        return try await withClient { client in
            try await body(Migrator(client: client, directory: directory, logger: logger))
        }
    }

    private func withClient<Value: Sendable>(
        _ database: PostgresConfiguration, _ body: (PostgresClient) async throws -> Value
    ) async throws -> Value {
        var database = database
        database.maxConnections = 2
        database.statementTimeout = configuration.database.statementTimeout
        database.sessionParameters += Store.sessionParameters
        let client = PostgresClient(configuration: database, logger: logger)
        do {
            try await client.connect()
            let value = try await body(client)
            await client.shutdown()
            return value
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
