package import Logging
package import Postgres
import Store

/// The database of a node: the one it was told of, or a private one that it starts and owns.
package struct Database: Sendable {
    package let client: PostgresClient
    /// Nil for a database that somebody else runs.
    package let server: EmbeddedPostgres?

    /// Connects, starting the private server first where no database was named, and brings the schema up to date, or
    /// only checks it with `migrate` off.
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
