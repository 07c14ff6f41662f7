import Glibc
package import Logging
import ServiceLifecycle
import Synchronization

/// A private PostgreSQL: created on first start, reachable by a Unix socket only, restarted when it dies, stopped with
/// the service.
///
/// The first process that uses a data directory owns the server. A second one shares the server, leaves it running, and
/// becomes its owner when the first has ended. A server that outlived its owner (`kill -9`) is taken over as it runs.
package final class EmbeddedPostgres: Service, Sendable {
    /// The superuser, and the database.
    package static let userName = "pressroom"
    package static let databaseName = "pressroom"

    private struct State {
        var server: EmbeddedServer?
        var lock: FileLock?
        /// The directory of a server that another process owns.
        var shared: ServerDirectory?
    }

    private let dataDirectory: String
    private let settings: [(String, String)]
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - dataDirectory: created if missing, with its parents.
    ///   - settings: server settings besides the defaults, applied when this process starts the server.
    package init(dataDirectory: String, settings: [(String, String)] = [], logger: Logger) {
        self.dataDirectory = dataDirectory
        self.settings = settings
        self.logger = logger
    }

    /// Starts the server, or takes over or joins one that runs, and returns how to reach its database.
    /// Throws `EmbeddedPostgresError`.
    package func start() async throws -> PostgresConfiguration {
        LibPQEnvironment.clear()
        let directory = try ServerDirectory(dataDirectory, logger: logger)
        try directory.createParent()
        let deadline = ContinuousClock.now.advanced(by: EmbeddedServer.startLimit)
        // The owner may be about to start the server, or to stop it and end.
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
    /// that shares the server becomes its owner when the owner has ended.
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

    /// Gives up ownership and leaves the server running for another process.
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
            throw EmbeddedPostgresError(code: .directory, failed: "cannot write \(path)", errno)
        }
        // `deinit` closes the file, also when this fails.
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit {
        close(file)
    }
}

/// Why the private server cannot be used.
package struct EmbeddedPostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// PostgreSQL is not installed, or not in the version that the data needs.
        case notInstalled = "not_installed"
        /// The data directory cannot be used.
        case directory
        /// A program of PostgreSQL failed.
        case command
        /// The server cannot be reached.
        case unreachable
    }

    package var code: Code
    package var message: String

    package var description: String { "\(code.rawValue): \(message)" }
}

extension EmbeddedPostgresError {
    /// A system call that failed, with the system's reason.
    init(code: Code, failed text: String, _ number: Int32) {
        self.init(code: code, message: "\(text): \(String(cString: strerror(number)))")
    }
}
