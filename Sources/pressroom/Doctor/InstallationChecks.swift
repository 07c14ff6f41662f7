import Base
import Client
import Foundation
import Postgres
import Service
import Store

/// Checks that the program's directories and the TLS certificate are there.
struct FileCheck {
    let configuration: PressroomConfiguration

    func findings() -> [Finding] {
        let locator = ResourceLocator.current
        let certificate = configuration.http.tlsCertificate.map { path in
            finding("TLS certificate", missing: .failed) { () throws(ConfigurationError) in
                _ = try configuration.certificate()
                return path
            }
        }
        return [
            finding("migration files", missing: .failed) { () throws(ConfigurationError) in
                try locator.migrationsDirectory(configuration)
            },
            // The service works without its page.
            finding("page files", missing: .warning) { () throws(ConfigurationError) in
                try locator.publicDirectory(configuration)
            },
        ] + [certificate].compactMap { $0 }
    }

    private func finding(
        _ subject: String, missing: Finding.Status, _ find: () throws(ConfigurationError) -> String
    ) -> Finding {
        do throws(ConfigurationError) {
            return Finding(subject, .ok, "in \(try find())")
        } catch {
            return Finding(subject, missing, error.description)
        }
    }
}

/// Checks that the database works and which migrations it has.
struct DatabaseCheck {
    let configuration: PressroomConfiguration

    func findings() async -> [Finding] {
        if configuration.database.url == nil, !isInitialised { return [await trial()] }
        let access = DatabaseAccess(configuration)
        do {
            return try await access.withClient { client in
                let version = try await client.query("SHOW server_version")[0][0].string ?? "?"
                guard try await client.query("SHOW transaction_read_only")[0][0].string == "off" else {
                    return [
                        Finding(
                            "database", .failed,
                            "\(kind) answers (version \(version)) but accepts no changes; it is a standby, or "
                                + "default_transaction_read_only is set")
                    ]
                }
                return [Finding("database", .ok, "\(kind) answers (version \(version))"), await migrations(client, access)]
                    + (try await login(client))
            }
        } catch {
            let isAboutReaching = (error as? PostgresError)?.code != .invalidConfiguration
            return [
                Finding("database", .failed, "\(kind) does not work: \(Self.reason(error))\(isAboutReaching ? hint : "")")
            ]
        }
    }

    private var kind: String { configuration.database.url == nil ? "the private PostgreSQL" : "PostgreSQL" }

    private var hint: String {
        configuration.database.url == nil ? "" : "; check the URL, and that the server runs and lets you in"
    }

    private var isInitialised: Bool {
        FileManager.default.fileExists(atPath: configuration.database.dataDirectory + "/PG_VERSION")
    }

    /// The private server has never started: starts one in a temporary directory and removes it.
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

    /// What holds tenants apart besides the policies: whether the service's login could do more than its statements do.
    private func login(_ client: PostgresClient) async throws -> [Finding] {
        guard configuration.database.url != nil, configuration.database.ownerURL == nil else { return [] }
        let name = try await client.query("SELECT session_user")[0][0].string ?? "?"
        return [
            Finding(
                "tenants", .warning,
                "the service logs in as \(name), who owns the tables, and changes its role on each connection; give it a login "
                    + "of its own in database.url, a member of \(Store.roles.joined(separator: " and ")), and this one as "
                    + "database.owner_url")
        ]
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

/// Checks that the service can listen on its address, or already does.
struct PortCheck {
    let host: String
    let port: Int

    func finding() async -> Finding {
        guard port != 0 else { return Finding("port", .ok, "any free one will be taken") }
        let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        switch Self.bind(host, port) {
        case 0: return Finding("port", .ok, "\(address) is free")
        case EADDRINUSE:
            return await isOurs(address)
                ? Finding("port", .ok, "a Pressroom service answers at \(address)")
                : Finding("port", .failed, "another program uses \(address); stop it, or choose another: --http-port")
        case EACCES: return Finding("port", .failed, "\(address) needs more rights; choose a port above 1023: --http-port")
        case EADDRNOTAVAIL: return Finding("port", .failed, "\(host) is no address of this machine; choose another: --http-host")
        case let code: return Finding("port", .failed, "\(address) cannot be used: \(String(cString: strerror(code)))")
        }
    }

    private func isOurs(_ address: String) async -> Bool {
        let answer = try? await PressroomClient.withClient(baseURL: "http://\(address)") { client in
            try await client.isPressroom()
        }
        return answer ?? false
    }

    /// Binds for a moment; 0 or the number of the error.
    private static func bind(_ host: String, _ port: Int) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var addresses: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &addresses) == 0, let address = addresses?.pointee else {
            return EADDRNOTAVAIL
        }
        defer { freeaddrinfo(addresses) }
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return Foundation.bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno
    }
}
