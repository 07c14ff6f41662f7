import AsyncHTTPClient
import Foundation
import NIOCore
import Postgres
import Synchronization
import TestSupport

let serviceCounter = Atomic<Int>(0)
/// Services that run at a time: on two cores more would only wait for each other.
let serviceSlots = Slots(2)

/// Runs a service for as long as `body` runs; afterwards nothing of it is left, whatever happened.
func withService(
    _ setup: ServiceSetup = ServiceSetup(), _ body: @escaping @Sendable (TestService) async throws -> Void
) async throws {
    try await serviceSlots.hold {
        switch setup.database {
        case .owned: try await withService(setup, databaseURL: nil, body)
        case .shared:
            try await withDatabase(migrated: true) { configuration in
                try await withService(setup, databaseURL: try await connectionString(configuration), body)
            }
        }
    }
}

/// - Parameter databaseURL: of a database that the caller has made; nil for a private PostgreSQL of the service's own.
func withService(
    _ setup: ServiceSetup, databaseURL: String?, _ body: @escaping @Sendable (TestService) async throws -> Void
) async throws {
    let logger = try await PostgresServer.shared().logger
    let directory = "\(PostgresTestDirectory.own)/service-\(serviceCounter.add(1, ordering: .relaxed).newValue)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try setup.yaml.write(toFile: directory + "/pressroom.yaml", atomically: true, encoding: .utf8)
    let httpClient = HTTPClient(configuration: .init(timeout: .init(connect: TimeAmount.seconds(5), read: TimeAmount.seconds(30))))
    let service = TestService(
        directory: directory, setup: setup, databaseURL: databaseURL, httpClient: httpClient, logger: logger)
    let result: Result<Void, any Error>
    do {
        result = .success(
            try await within(setup.limit, "the whole test") {
                try await service.start()
                try await body(service)
            })
    } catch {
        print("the service in \(directory) wrote:\n\(service.logLines.suffix(40).joined(separator: "\n"))")
        result = .failure(error)
    }
    // In a task of its own, so that a cancelled test cleans up too.
    await Task {
        let socketDirectory = service.privatePostgres.socketDirectory
        try? await service.kill()
        await service.shutdown()
        if setup.database == .owned { service.privatePostgres.remove(socketDirectory: socketDirectory) }
        try? FileManager.default.removeItem(atPath: directory)
    }.value
    try result.get()
}

/// libpq's text for a database of the shared server.
func connectionString(_ configuration: PostgresConfiguration) async throws -> String {
    var configuration = configuration
    configuration.maxConnections = 1
    let client = PostgresClient(configuration: configuration, logger: try await PostgresServer.shared().logger)
    do {
        let name: String = try await client.query("SELECT current_database() AS name")[0].decode("name")
        await client.shutdown()
        return configuration.connectionString + " dbname=\(name)"
    } catch {
        await client.shutdown()
        throw error
    }
}
