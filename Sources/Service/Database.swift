package import Logging
package import Postgres
import Store

/// The database of a node: the configured one, or a private one that the node starts and owns.
package struct Database: Sendable {
    package let client: PostgresClient
    /// The private server; nil where the database is configured.
    package let server: EmbeddedPostgres?

    /// Connects, after starting the private server if no database is configured. Applies the migrations, or only checks
    /// them where `database.migrate` is false.
    package static func open(_ configuration: PressroomConfiguration, logger: Logger) async throws -> Database {
        let migrations = try ResourceLocator.current.migrationsDirectory(configuration)
        let settings = configuration.database
        let server = settings.url == nil ? EmbeddedPostgres(dataDirectory: settings.dataDirectory, logger: logger) : nil
        var postgres =
            if let server { try await server.start() } else { PostgresConfiguration(connectionString: settings.url ?? "") }
        postgres.sessionParameters.append(("idle_in_transaction_session_timeout", configuration.idleTransactionTimeout))
        postgres.maxConnections = settings.poolSize
        postgres.statementTimeout = settings.statementTimeout
        postgres.sessionParameters += Store.sessionParameters
        let client = PostgresClient(configuration: postgres, logger: logger)
        do {
            try await client.connect()
            let migrator = Migrator(client: client, directory: migrations, logger: logger)
            if settings.migrate { try await migrator.up() } else { try await migrator.verify() }
        } catch {
            await client.shutdown()
            await server?.stop()
            throw error
        }
        return Database(client: client, server: server)
    }
}
