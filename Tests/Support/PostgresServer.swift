import Foundation
package import Logging
package import Postgres
import Synchronization

/// The PostgreSQL of this test process: a private one in a temporary directory, started by the first test that needs
/// it, and removed at exit.
package final class PostgresServer: Sendable {
    /// How to reach the server's own database; tests make their own with `withDatabase`.
    package let configuration: PostgresConfiguration
    package let embedded: EmbeddedPostgres
    package let logger: Logger
    private let admin: PostgresClient
    private let counter = Atomic<Int>(0)
    private let migratedTemplate = Mutex<Task<String, any Error>?>(nil)

    private static let starting = Mutex<Task<PostgresServer, any Error>?>(nil)

    package static func shared() async throws -> PostgresServer {
        let task = starting.withLock { task in
            let running = task ?? Task { try await PostgresServer() }
            task = running
            return running
        }
        return try await task.value
    }

    private init() async throws {
        var logger = Logger(label: "tests")
        logger.logLevel = ProcessInfo.processInfo.environment["PRESSROOM_TEST_LOG"].flatMap { Logger.Level(rawValue: $0) } ?? .critical
        self.logger = logger
        PostgresTestDirectory.sweep()
        embedded = EmbeddedPostgres(
            dataDirectory: PostgresTestDirectory.own + "/data",
            // What a test writes need not survive the machine.
            settings: [("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "400")],
            logger: logger
        )
        atexit { PostgresTestDirectory.removeOwn() }
        configuration = try await embedded.start()
        // Making a database takes a while, and several tests want one at a time.
        var adminConfiguration = configuration.connecting(toDatabase: "postgres")
        adminConfiguration.maxConnections = 3
        adminConfiguration.acquireTimeout = .seconds(120)
        adminConfiguration.statementTimeout = .seconds(120)
        admin = PostgresClient(configuration: adminConfiguration, logger: logger)
    }

    /// Lends an empty database, or one with the repository's migrations applied, when the test's turn has come; drops it
    /// afterwards.
    package func withDatabase<T>(
        migrated: Bool = false, _ body: (PostgresConfiguration) async throws -> T
    ) async throws -> T {
        try await TestTurns.take {
            let template = migrated ? try await migratedTemplateName() : "template1"
            let name = "test_\(counter.add(1, ordering: .relaxed).newValue)"
            try await create(name, template: template)
            do {
                let value = try await body(configuration.connecting(toDatabase: name))
                await drop(name)
                return value
            } catch {
                await drop(name)
                throw error
            }
        }
    }

    private func create(_ name: String, template: String) async throws {
        _ = try await admin.query("CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: template)")
    }

    private func drop(_ name: String) async {
        // In a task of its own, so that a cancelled test cleans up too.
        await Task {
            do {
                _ = try await admin.query("DROP DATABASE IF EXISTS \(identifier: name) WITH (FORCE)")
            } catch {
                logger.warning("cannot drop the database \(name): \(error)")
            }
        }.value
    }

    private func migratedTemplateName() async throws -> String {
        let task = migratedTemplate.withLock { task in
            let running = task ?? Task { try await makeMigratedTemplate() }
            task = running
            return running
        }
        return try await task.value
    }

    private func makeMigratedTemplate() async throws -> String {
        let name = "migrated"
        try await create(name, template: "template1")
        var configuration = configuration.connecting(toDatabase: name)
        configuration.maxConnections = 1
        let client = PostgresClient(configuration: configuration, logger: logger)
        do {
            try await Migrator(client: client, directory: PostgresTestDirectory.migrations, logger: logger).up()
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        return name
    }
}

/// Lends a database of the shared server; see `PostgresServer.withDatabase`.
package func withDatabase<T>(
    migrated: Bool = false, _ body: (PostgresConfiguration) async throws -> T
) async throws -> T {
    try await PostgresServer.shared().withDatabase(migrated: migrated, body)
}

/// Lends a client of such a database, and shuts it down afterwards.
package func withPostgresClient<T: Sendable>(
    migrated: Bool = false, maxConnections: Int = 4, _ body: (PostgresClient) async throws -> T
) async throws -> T {
    let logger = try await PostgresServer.shared().logger
    return try await withDatabase(migrated: migrated) { configuration in
        var configuration = configuration
        configuration.maxConnections = maxConnections
        let client = PostgresClient(configuration: configuration, logger: logger)
        do {
            let value = try await body(client)
            await client.shutdown()
            return value
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
