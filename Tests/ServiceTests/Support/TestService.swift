import Base
import AsyncHTTPClient
import Client
import Foundation
import Glibc
import Logging
import Postgres
import Synchronization
import TestSupport
import Workflow

/// A `pressroom serve` that runs as a child of the tests, and what reaches it.
final class TestService: Sendable {
    struct StartFailure: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var child: ChildProgram?
        var port = 0
        var database: PostgresClient?
        var logs: [LineLog] = []
    }

    let directory: String
    let setup: ServiceSetup
    let httpClient: HTTPClient
    /// libpq's text for a shared database; nil when the service owns its own.
    private let databaseURL: String?
    private let logger: Logger
    private let state = Mutex(State())

    init(directory: String, setup: ServiceSetup, databaseURL: String?, httpClient: HTTPClient, logger: Logger) {
        self.directory = directory
        self.setup = setup
        self.databaseURL = databaseURL
        self.httpClient = httpClient
        self.logger = logger
    }

    var port: Int { state.withLock { $0.port } }
    var baseURL: String { "http://127.0.0.1:\(port)" }
    var client: PressroomClient { PressroomClient(baseURL: baseURL, httpClient: httpClient) }
    /// The last one that was started.
    var child: ChildProgram? { state.withLock { $0.child } }
    /// What all of them wrote.
    var logLines: [String] { state.withLock { $0.logs }.flatMap(\.lines) }
    var dataDirectory: String { setup.disk.map { $0.directory + "/data" } ?? directory + "-data" }
    var privatePostgres: PrivatePostgres {
        // A disk that is mounted for the service alone is seen through the service.
        PrivatePostgres(dataDirectory: dataDirectory, root: setup.disk == nil ? "" : "/proc/\(child?.pid ?? 0)/root")
    }

    /// libpq's text for the service's database.
    var databaseText: String { databaseURL ?? privatePostgres.connectionString }

    /// Plain connections, as `psql` makes them: without the service's settings. The service must have been started.
    var database: PostgresClient {
        if let known = state.withLock({ $0.database }) { return known }
        let text = databaseText
        return state.withLock { state in
            if let known = state.database { return known }
            var configuration = PostgresConfiguration(connectionString: text)
            configuration.applicationName = "psql"
            let client = PostgresClient(configuration: configuration, logger: logger)
            state.database = client
            return client
        }
    }

    /// Ends what the tests hold; the service itself is another matter.
    func shutdown() async {
        await state.withLock { $0.database }?.shutdown()
        try? await httpClient.shutdown()
    }

    /// Starts it and waits until it listens; a second start takes the same port.
    func start() async throws {
        try await waitUntilListening(try launch())
    }

    /// Starts it and does not wait.
    func launch() throws -> ChildProgram {
        let port = self.port
        var arguments = ["serve", "--config", directory + "/pressroom.yaml", "--http-port", "\(port)"]
        arguments += databaseURL.map { ["--database-url", $0] } ?? ["--data-directory", dataDirectory]
        let limit = setup.openFiles.map { ["ulimit -n \($0)"] } ?? []
        let script = (setup.prelude + limit + ["exec \"$0\" \"$@\""]).joined(separator: " && ")
        let command = setup.launcher + ["/bin/sh", "-c", script, try PressroomBinary.path()] + arguments
        let child = try ChildProgram(
            command[0], Array(command.dropFirst()), environment: setup.environment, directory: directory)
        state.withLock { state in
            state.child = child
            state.logs += [child.errors, child.output]
        }
        return child
    }

    func waitUntilListening(_ child: ChildProgram) async throws {
        let line = try await within(.seconds(60), "the service to listen") {
            await child.errors.first { $0.contains("address=") && $0.contains("listening") }
        }
        guard let line, let found = Self.port(in: line) else {
            throw StartFailure(description: "the service does not start:\n\(child.errors.text)")
        }
        state.withLock { $0.port = found }
    }

    /// `kill -9`.
    func kill() async throws {
        child?.send(SIGKILL)
        _ = try await child?.exit()
    }

    /// `SIGTERM`; returns the exit status.
    func terminate() async throws -> Int32 {
        guard let child else { throw StartFailure(description: "the service was not started") }
        child.send(SIGTERM)
        return try await within(.seconds(30), "the service to stop") { try await child.exit() }
    }

    /// The lines that tell of a fault of the service's own.
    var errorLines: [String] {
        logLines.filter { line in
            [" error ", " critical ", "Fatal error", "Swift/"].contains { line.contains($0) }
        }
    }

    private static func port(in line: String) -> Int? {
        let place = line.split(separator: " ").first { $0.hasPrefix("address=") }
        return place?.split(separator: ":").last.flatMap { Int($0) }
    }
}
