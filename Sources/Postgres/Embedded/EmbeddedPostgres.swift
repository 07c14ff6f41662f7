import Glibc
package import Logging
import ServiceLifecycle
import Synchronization

/// A private PostgreSQL: made on first start, reachable by a Unix socket only, restarted when it dies, stopped with
/// the service.
///
/// The first process that uses a data directory owns the server. A process that comes while another owns it shares
/// the server, leaves it running, and owns it once the owner has gone. A server that outlived its owner (`kill -9`) is
/// taken over as it runs.
package final class EmbeddedPostgres: Service, Sendable {
    /// The superuser, and the database.
    package static let userName = "pressroom"
    package static let databaseName = "pressroom"

    private struct State {
        var server: EmbeddedServer?
        var lock: FileLock?
        /// Where another process owns the server.
        var shared: ServerDirectory?
    }

    private let dataDirectory: String
    private let settings: [(String, String)]
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - dataDirectory: made if missing, with its parents.
    ///   - settings: server settings besides the defaults, applied when this process starts the server.
    package init(dataDirectory: String, settings: [(String, String)] = [], logger: Logger) {
        self.dataDirectory = dataDirectory
        self.settings = settings
        self.logger = logger
    }

    /// Starts the server, or takes over or joins one that runs, and returns how to reach its database.
    /// Throws `EmbeddedPostgresError`.
    package func start() async throws -> PostgresConfiguration {
        let directory = try ServerDirectory(dataDirectory, logger: logger)
        try directory.createParent()
        let deadline = ContinuousClock.now.advanced(by: EmbeddedServer.startLimit)
        // The owner may be about to start the server, or to stop it and go.
        while true {
            if let lock = try FileLock(tryLocking: directory.lockFile) { return try await own(directory, lock) }
            do {
                let configuration = try await EmbeddedServer.join(directory, logger: logger)
                state.withLock { $0.shared = directory }
                logger.info("another process owns the database in \(directory.data); sharing it")
                return configuration
            } catch {
                guard ContinuousClock.now < deadline, !Task.isCancelled else { throw error }
            }
        }
    }

    private func own(_ directory: ServerDirectory, _ lock: FileLock) async throws -> PostgresConfiguration {
        let server = try await server(in: directory)
        if directory.version == nil {
            logger.info("initialising a private PostgreSQL in \(directory.data)")
            try await directory.initialise(server.binaries)
        }
        do {
            let configuration = try await server.start()
            state.withLock { state in
                state.server = server
                state.lock = lock
            }
            return configuration
        } catch {
            await server.stop()
            withExtendedLifetime(lock) {}
            throw error
        }
    }

    private func server(in directory: ServerDirectory) async throws -> EmbeddedServer {
        let binaries = try await PostgresBinaries.find(version: directory.version)
        return EmbeddedServer(directory: directory, binaries: binaries, settings: settings, logger: logger)
    }

    /// Watches the server, starts it again within a second when it dies, and stops it on graceful shutdown. A process
    /// that shares the server becomes its owner when the owner has gone.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let (server, shared) = self.state.withLock { ($0.server, $0.shared) }
                if let server, !server.isAlive {
                    self.logger.error("PostgreSQL is gone; starting it again")
                    await self.restart(server)
                } else if let shared {
                    await self.takeOver(shared)
                }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        await stop()
    }

    private func takeOver(_ directory: ServerDirectory) async {
        do {
            guard let lock = try FileLock(tryLocking: directory.lockFile) else { return }
            let server = try await server(in: directory)
            let isWanted = state.withLock { state in
                guard state.shared != nil else { return false }
                state = State(server: server, lock: lock)
                return true
            }
            guard isWanted else { return }
            logger.notice("the owner of the database in \(directory.data) has gone; this process owns it now")
            await restart(server)
        } catch {
            logger.error("the database in \(directory.data) cannot be taken over: \(error)")
        }
    }

    private func restart(_ server: EmbeddedServer) async {
        do {
            _ = try await server.start()
            logger.notice("PostgreSQL runs again")
        } catch {
            logger.error("PostgreSQL does not start: \(error)")
        }
    }

    /// Gives up ownership and leaves the server running, for the next one who comes.
    package func abandon() async {
        state.withLock { $0 = State() }
    }

    /// Stops the server, unless another process owns it.
    package func stop() async {
        let (server, lock) = state.withLock { state in
            defer { state = State() }
            return (state.server, state.lock)
        }
        await server?.stop()
        withExtendedLifetime(lock) {}
    }
}

/// An exclusive lock between processes, which ends with the process that holds it, however that ends.
final class FileLock: Sendable {
    private let file: Int32

    /// `nil` when another process holds the lock. Throws when the file cannot be created.
    init?(tryLocking path: String) throws(EmbeddedPostgresError) {
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw EmbeddedPostgresError(code: .directory, message: "cannot write \(path): \(reason)")
        }
        // `deinit` closes the file, also when this fails.
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit {
        close(file)
    }
}

/// Why the private server cannot run.
package struct EmbeddedPostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: RawRepresentable, Sendable, Hashable {
        package var rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// PostgreSQL is not installed, or not in the version that the data needs.
        package static let notInstalled = Code(rawValue: "not_installed")
        /// The data directory cannot be used.
        package static let directory = Code(rawValue: "directory")
        /// A program of PostgreSQL failed.
        package static let command = Code(rawValue: "command")
        /// The server runs but cannot be reached.
        package static let unreachable = Code(rawValue: "unreachable")
    }

    package var code: Code
    package var message: String

    package var description: String { "\(code.rawValue): \(message)" }
}
