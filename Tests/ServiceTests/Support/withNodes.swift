import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization
import TestSupport

/// Runs several services on one database for as long as `body` runs; afterwards nothing of them is left.
///
/// - Parameter yamls: the configuration files, one for each node.
func withNodes(
    _ yamls: [String], limit: Duration = .seconds(100), _ body: @escaping @Sendable ([TestService]) async throws -> Void
) async throws {
    try await withNodes(yamls.map { ServiceSetup(yaml: $0) }, limit: limit, body)
}

/// - Parameter setups: of the nodes.
func withNodes(
    _ setups: [ServiceSetup], limit: Duration = .seconds(100),
    _ body: @escaping @Sendable ([TestService]) async throws -> Void
) async throws {
    try await serviceSlots.hold {
        try await withDatabase(migrated: true) { configuration in
            let url = try await connectionString(configuration)
            let logger = try await PostgresServer.shared().logger
            let nodes = try setups.map { setup in
                let number = serviceCounter.add(1, ordering: .relaxed).newValue
                let directory = "\(PostgresTestDirectory.own)/service-\(number)"
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                try setup.yaml.write(toFile: directory + "/pressroom.yaml", atomically: true, encoding: .utf8)
                return TestService(
                    directory: directory, setup: setup, databaseURL: url,
                    httpClient: HTTPClient(
                        configuration: .init(timeout: .init(connect: TimeAmount.seconds(5), read: TimeAmount.seconds(30)))),
                    logger: logger)
            }
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await within(limit, "the whole test") {
                        for node in nodes { try await node.start() }
                        try await body(nodes)
                    })
            } catch {
                for node in nodes {
                    print("the service in \(node.directory) wrote:\n\(node.logLines.suffix(20).joined(separator: "\n"))")
                }
                result = .failure(error)
            }
            // In a task of its own, so that a cancelled test cleans up too.
            await Task {
                for node in nodes {
                    try? await node.kill()
                    await node.shutdown()
                    try? FileManager.default.removeItem(atPath: node.directory)
                }
            }.value
            try result.get()
        }
    }
}
