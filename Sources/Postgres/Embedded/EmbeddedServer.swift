import Foundation
import Glibc
import Logging

/// Starting, taking over and stopping the server of one data directory.
struct EmbeddedServer: Sendable {
    let directory: ServerDirectory
    let binaries: PostgresBinaries
    let settings: [(String, String)]
    let logger: Logger

    /// How long a start may take, crash recovery included.
    static let startLimit = Duration.seconds(600)

    var isAlive: Bool { Postmaster.alive(in: directory.data) != nil }

    /// Leaves the server running and reachable, whatever its state was.
    func start() async throws -> PostgresConfiguration {
        if let postmaster = Postmaster.alive(in: directory.data) {
            do {
                let configuration = try await Self.reach(directory, within: .seconds(30), logger: logger)
                logger.info("took over the running PostgreSQL \(postmaster.pid) in \(directory.data)")
                return configuration
            } catch {
                logger.warning("the running PostgreSQL \(postmaster.pid) cannot be used: \(error)")
                await stop()
            }
        }
        try await launch()
        return try await Self.reach(directory, within: .seconds(30), logger: logger)
    }

    /// Reaches a server that another process owns, if it accepts connections now: it may be starting or stopping.
    static func join(_ directory: ServerDirectory, logger: Logger) async throws -> PostgresConfiguration {
        try await reach(directory, within: .milliseconds(200), logger: logger)
    }

    private func launch() async throws(EmbeddedPostgresError) {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while true {
            if Postmaster.removeBrokenPidFile(of: directory.data) {
                logger.warning("removed a broken postmaster.pid in \(directory.data), of a server that is gone")
            }
            Postmaster.disarmPidFile(of: directory.data)
            try directory.prepareSocketDirectory()
            do {
                return try await ChildProcess.check(
                    directory.user.command([
                        binaries.pgCtl, "start", "-w", "-s", "-D", directory.data, "-l", directory.logFile,
                        "-t", "\(Self.startLimit.components.seconds)", "-o", options,
                    ]),
                    endsWhenCancelled: true)
            } catch {
                // The caller stops what has started, which it knows by its pid file.
                if Task.isCancelled {
                    await Postmaster.awaitPidFile(in: directory.data)
                    throw error
                }
                // Children of a killed server hold its shared memory until they notice that it is gone.
                guard !isAlive else { return }
                guard ContinuousClock.now < deadline, log(contains: "is still in use") else {
                    throw EmbeddedPostgresError(code: .command, message: "\(error.message)\n\(logTail)")
                }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// The options of the server, each quoted for the shell that `pg_ctl` starts it with.
    private var options: String {
        let fixed = [
            ("listen_addresses", ""), ("unix_socket_directories", directory.socket), ("unix_socket_permissions", "0700"),
            ("port", "5432"), ("max_connections", "100"),
        ]
        return (fixed + settings)
            .map { name, value in "-c '\(name)=\(value.replacingOccurrences(of: "'", with: "'\\''"))'" }
            .joined(separator: " ")
    }

    /// Stops the server and waits for its end; sessions are cut off, their transactions rolled back.
    func stop() async {
        let arguments = [
            binaries.pgCtl, "stop", "-w", "-s", "-m", "fast", "-t", "60", "-D", directory.data,
        ]
        do {
            try await ChildProcess.check(directory.user.command(arguments))
        } catch {
            if isAlive { return logger.error("PostgreSQL does not stop: \(error)") }
        }
        rmdir(directory.socket)
    }

    /// Waits until the server accepts connections, and creates the database if it does not exist.
    private static func reach(_ directory: ServerDirectory, within limit: Duration, logger: Logger) async throws
        -> PostgresConfiguration
    {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            do {
                guard let postmaster = Postmaster.alive(in: directory.data), !postmaster.socketDirectory.isEmpty else {
                    throw EmbeddedPostgresError(code: .unreachable, message: "no server runs in \(directory.data)")
                }
                let configuration = PostgresConfiguration(
                    connectionString: "host='\(postmaster.socketDirectory)' port=\(postmaster.port) "
                        + "user=\(EmbeddedPostgres.userName) dbname=\(EmbeddedPostgres.databaseName)"
                )
                try await createDatabase(configuration, logger: logger)
                return configuration
            } catch {
                guard ContinuousClock.now < deadline, !Task.isCancelled else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private static func createDatabase(_ configuration: PostgresConfiguration, logger: Logger) async throws {
        let connection = try await ConnectionAttempt.connect(
            configuration.connecting(toDatabase: "postgres"), logger: logger
        )
        defer { connection.close() }
        let name = EmbeddedPostgres.databaseName
        let found = try await connection.query("SELECT 1 FROM pg_database WHERE datname = \(name)")
        if found.isEmpty { try await connection.execute(script: "CREATE DATABASE \(name.quotedAsIdentifier)") }
    }

    private func log(contains text: String) -> Bool { logTail.contains(text) }

    /// The last lines of the server's log.
    private var logTail: String {
        guard let file = FileHandle(forReadingAtPath: directory.logFile) else { return "" }
        defer { try? file.close() }
        let size = (try? file.seekToEnd()) ?? 0
        try? file.seek(toOffset: size > 2000 ? size - 2000 : 0)
        return String(decoding: file.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n").suffix(6)
            .joined(separator: "\n")
    }
}
