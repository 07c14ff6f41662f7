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
        postgres.maxConnections = settings.pool.size
        postgres.minIdleConnections = settings.pool.minIdle
        postgres.maxLifetime = settings.pool.maxLifetime
        postgres.idleTimeout = settings.pool.idleTimeout
        postgres.healthInterval = settings.pool.healthInterval
        postgres.statementTimeout = settings.statementTimeout
        postgres.sessionParameters += Store.sessionParameters
        do {
            try await migrate(settings, as: postgres, from: migrations, logger: logger)
            postgres.sessionParameters += Store.serviceRole
            let client = PostgresClient(configuration: postgres, logger: logger)
            do {
                try await DatabaseRoles.check(client)
            } catch {
                await client.shutdown()
                throw error
            }
            return Database(client: client, server: server)
        } catch {
            await server?.stop()
            throw error
        }
    }

    /// As the owner of the tables, with a client of its own: the service's connections are in a role that owns nothing.
    private static func migrate(
        _ settings: PressroomConfiguration.Database, as login: PostgresConfiguration, from directory: String, logger: Logger
    ) async throws {
        var owner = settings.ownerURL.map(PostgresConfiguration.init(connectionString:)) ?? login
        owner.sessionParameters = login.sessionParameters
        owner.statementTimeout = login.statementTimeout
        owner.maxConnections = 2
        let client = PostgresClient(configuration: owner, logger: logger)
        do {
            try await client.connect()
            let migrator = Migrator(client: client, directory: directory, logger: logger)
            if settings.migrate { try await migrator.up() } else { try await migrator.verify() }
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }
}
