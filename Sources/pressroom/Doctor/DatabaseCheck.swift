import Foundation
import Postgres
import Service

/// Looks whether the database works and where its schema stands.
struct DatabaseCheck {
    let configuration: PressroomConfiguration

    func findings() async -> [Finding] {
        if configuration.database.url == nil, !isInitialised { return [await trial()] }
        let access = DatabaseAccess(configuration)
        do {
            return try await access.withClient { client in
                let version = try await client.query("SHOW server_version")[0][0].string ?? "?"
                return [Finding("database", .ok, "\(kind) answers (version \(version))"), await migrations(client, access)]
            }
        } catch {
            return [Finding("database", .failed, "\(kind) does not work: \(Self.reason(error))\(hint)")]
        }
    }

    private var kind: String { configuration.database.url == nil ? "the private PostgreSQL" : "PostgreSQL" }

    private var hint: String {
        configuration.database.url == nil ? "" : "; check the URL, and that the server runs and lets you in"
    }

    private var isInitialised: Bool {
        FileManager.default.fileExists(atPath: configuration.database.dataDirectory + "/PG_VERSION")
    }

    /// The private server was never started: whether it could be is tried beside it, and cleared away.
    private func trial() async -> Finding {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pressroom-doctor-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        var configuration = configuration
        configuration.database.dataDirectory = directory.appendingPathComponent("postgres").path
        do {
            let version = try await DatabaseAccess(configuration).withClient { client in
                try await client.query("SHOW server_version")[0][0].string ?? "?"
            }
            return Finding(
                "database", .ok,
                "a private PostgreSQL \(version) will be made in \(self.configuration.database.dataDirectory) on the first start")
        } catch {
            return Finding("database", .failed, "a private PostgreSQL cannot be started: \(Self.reason(error))")
        }
    }

    private func migrations(_ client: PostgresClient, _ access: DatabaseAccess) async -> Finding {
        do {
            let directory = try ResourceLocator.current.migrationsDirectory(configuration)
            let migrations = try await Migrator(client: client, directory: directory, logger: access.logger).status()
            let wrong = migrations.filter { $0.state != .applied && $0.state != .pending }
            guard wrong.isEmpty else {
                let list = wrong.map { "\($0.version) (\($0.name)) is \($0.state.rawValue)" }.joined(separator: ", ")
                return Finding("migrations", .failed, "\(list); see: pressroom migrate status")
            }
            let pending = migrations.count { $0.state == .pending }
            guard pending > 0 else { return Finding("migrations", .ok, "all \(migrations.count) are applied") }
            return configuration.database.migrate
                ? Finding("migrations", .ok, "\(pending) wait and will be applied on start")
                : Finding("migrations", .failed, "\(pending) wait; apply them: pressroom migrate up")
        } catch {
            return Finding("migrations", .failed, Self.reason(error))
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as PostgresError: error.message
        case let error as EmbeddedPostgresError: error.message
        case let error as MigrationError: error.message
        default: "\(error)"
        }
    }
}
