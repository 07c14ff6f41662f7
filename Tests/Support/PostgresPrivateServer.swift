import Foundation
package import Logging
package import Postgres
import Synchronization

/// A server for one test that stops, kills or corrupts it.
package struct PostgresPrivateServer: Sendable {
    package let dataDirectory: String
    package let logger: Logger

    private static let counter = Atomic<Int>(0)

    /// Lends a data directory that does not exist yet; what becomes of it is removed afterwards.
    package static func with(_ body: (PostgresPrivateServer) async throws -> Void) async throws {
        // The shared server's start also cleans up after killed runs, and its end removes what this leaves behind.
        let logger = try await PostgresServer.shared().logger
        let number = counter.add(1, ordering: .relaxed).newValue
        let server = PostgresPrivateServer(
            dataDirectory: "\(PostgresTestDirectory.own)/private-\(number)", logger: logger
        )
        defer { PostgresTestDirectory.removeServer(server.dataDirectory) }
        try await body(server)
    }

    package func embedded() -> EmbeddedPostgres {
        EmbeddedPostgres(dataDirectory: dataDirectory, settings: [("fsync", "off")], logger: logger)
    }

    /// The process number of the running server.
    package var processID: Int32? { Postmaster(pidFileOf: dataDirectory)?.pid }
}
