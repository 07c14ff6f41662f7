import Base
import CLibPQ
import Dispatch
import Logging
import Synchronization

/// One attempt to connect: libpq says what to wait for, and the poller waits. The steps, which resolve names and compute
/// password proofs, run on a queue where they may block.
final class ConnectionAttempt: SocketHandler {
    private struct State: ~Copyable {
        /// `nil` while a step runs.
        var handle: LibPQHandle?
        var continuation: UnsafeContinuation<Result<PostgresConnection, PostgresError>, Never>?
        var token: SocketPoller.Token = 0
        var isOver = false
    }

    private let state = Mutex(State())
    private let parameters: [(String, String)]
    private let timeout: Duration
    private let poller: SocketPoller
    private let logger: Logger

    private init(_ configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) {
        parameters = try ConnectionParameters(configuration).values
        timeout = configuration.connectTimeout
        poller = try SocketPoller.shared.get()
        self.logger = logger
    }

    /// Connects and sets the session up. Throws `.connectionFailed`, `.invalidConfiguration` for a database of another
    /// encoding than UTF8, or `.cancelled` when the task is.
    static func connect(_ configuration: PostgresConfiguration, logger: Logger) async throws(PostgresError)
        -> PostgresConnection
    {
        let attempt = try ConnectionAttempt(configuration, logger: logger)
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { attempt.begin($0) }
        } onCancel: {
            attempt.end(.failure(.cancelledBeforeSending))
        }
        let connection = try result.get()
        do {
            try await connection.setUp(SessionSettings(configuration), within: configuration.connectTimeout)
            return connection
        } catch {
            connection.close()
            throw error
        }
    }

    private func begin(_ continuation: UnsafeContinuation<Result<PostgresConnection, PostgresError>, Never>) {
        let token = poller.register(self)
        let isOver = state.withLock { state in
            state.token = token
            if !state.isOver { state.continuation = continuation }
            return state.isOver
        }
        if isOver {
            poller.unregister(token)
            continuation.resume(returning: .failure(.cancelledBeforeSending))
            return
        }
        poller.setDeadline(.now.advanced(by: timeout), for: token)
        BlockingWork.queue.async { [self] in
            let handle = LibPQHandle(connectingWith: parameters)
            handle.setMessagesWithSQLState(true)
            if handle.isBad { return end(.failure(failure(handle))) }
            wait(handle, for: .write)
        }
    }

    func socketIsReady() {
        let handle = state.withLock { state in state.handle.take() }
        guard let handle else { return }
        poller.unwatch(handle.socket)
        let box = Mutex<LibPQHandle?>(handle)
        BlockingWork.queue.async { [self] in
            if let handle = box.withLock({ $0.take() }) { step(handle) }
        }
    }

    func deadlineHasPassed() {
        let message = "no connection within \(timeout)"
        end(.failure(PostgresError(code: .connectionFailed, message: message)))
    }

    private func step(_ handle: consuming LibPQHandle) {
        switch handle.pollConnection() {
        case PGRES_POLLING_READING: wait(handle, for: .read)
        case PGRES_POLLING_WRITING: wait(handle, for: .write)
        case PGRES_POLLING_OK where handle.makeNonblocking():
            if let encoding = handle.parameterStatus("server_encoding"), encoding != "UTF8" {
                return end(.failure(.unsupportedEncoding(encoding, ofDatabase: handle.database)))
            }
            handle.setMessagesWithSQLState(false)
            end(.success(PostgresConnection(handle: handle, poller: poller, logger: logger)))
        default: end(.failure(failure(handle)))
        }
    }

    private func wait(_ handle: consuming LibPQHandle, for interest: SocketInterest) {
        let box = Mutex<LibPQHandle?>(handle)
        state.withLock { state in
            guard !state.isOver, let handle = box.withLock({ $0.take() }) else { return }
            // Under the lock: after the attempt has ended, the number of the socket may belong to another file.
            poller.watch(handle.socket, token: state.token, interest: interest)
            state.handle = consume handle
        }
    }

    private func failure(_ handle: borrowing LibPQHandle) -> PostgresError {
        PostgresError(connecting: handle.errorMessage)
    }

    private func end(_ result: Result<PostgresConnection, PostgresError>) {
        let (continuation, token) = state.withLock { state in
            state.isOver = true
            if let handle = state.handle.take() { poller.unwatch(handle.socket) }
            defer { state.continuation = nil }
            return (state.continuation, state.token)
        }
        if token != 0 { poller.unregister(token) }
        continuation?.resume(returning: result)
    }
}

extension PostgresConnection {
    /// Sends the settings of the session. To the caller this is a part of connecting, and so are its errors.
    fileprivate func setUp(_ settings: SessionSettings, within limit: Duration) async throws(PostgresError) {
        let deadline = Task {
            try await Task.sleep(for: limit)
            close()
        }
        defer { deadline.cancel() }
        do throws(PostgresError) {
            _ = try await perform(.script(settings.script))
        } catch {
            if error.code == .cancelled { throw error }
            throw PostgresError(
                code: .connectionFailed, message: "the session cannot be set up: \(error.message)", sqlState: error.sqlState)
        }
    }
}

extension PostgresError {
    static func unsupportedEncoding(_ encoding: String, ofDatabase name: String) -> PostgresError {
        PostgresError(
            code: .invalidConfiguration,
            message: "the database \(name) has the encoding \(encoding), and UTF8 is needed; make another one: "
                + "createdb --encoding=UTF8 --template=template0 …")
    }
}

extension Backoff {
    /// The waits between attempts, each shortened by up to a half at random, so that the clients of a server that came back
    /// do not all arrive at once.
    static let reconnecting = Backoff(initial: .milliseconds(50), max: .seconds(1))
}
