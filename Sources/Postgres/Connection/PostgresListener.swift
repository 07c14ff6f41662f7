import Base
package import Logging
import ServiceLifecycle

/// Listens to channels on a separate connection, and reconnects after every interruption.
package final class PostgresListener: Service, Sendable {
    /// `.connected` each time listening has (re)started, then what arrives, `.disconnected` when the connection is lost;
    /// ends with `run()`. At most `bufferLimit` are buffered: beyond that the oldest are dropped, and another `.connected`
    /// says so.
    package let notifications: AsyncStream<PostgresNotification>

    static let bufferLimit = 4096

    private let continuation: AsyncStream<PostgresNotification>.Continuation
    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let logger: Logger

    package init(configuration: PostgresConfiguration, channels: [String], logger: Logger) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
        (notifications, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.bufferLimit))
    }

    /// Listens until graceful shutdown or cancellation. Throws `PostgresError` only for a configuration that can
    /// never work.
    package func run() async throws {
        defer { continuation.finish() }
        try await cancelWhenGracefulShutdown { [self] in
            var backoff = Backoff.reconnecting
            while !Task.isCancelled {
                do {
                    try await listen { backoff.reset() }
                } catch let error as PostgresError where error.code == .invalidConfiguration {
                    throw error
                } catch {
                    if Task.isCancelled { return }
                    logger.warning("listening was interrupted: \(error)")
                }
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    /// Returns or throws when the connection has ended.
    private func listen(_ onStart: () -> Void) async throws {
        let connection = try await ConnectionAttempt.connect(configuration, logger: logger)
        defer { connection.close() }
        connection.onNotification { [self] in pass($0) }
        let script = channels.map { "LISTEN \($0.quotedAsIdentifier)" }.joined(separator: ";")
        try await connection.execute(script: script)
        onStart()
        pass(.connected)
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (closed: UnsafeContinuation<Void, Never>) in
                connection.onClose { closed.resume() }
            }
        } onCancel: {
            connection.close()
        }
        if Task.isCancelled { return }
        pass(.disconnected)
        throw PostgresError(code: .connectionLost, message: "the connection was closed")
    }

    private func pass(_ notification: PostgresNotification) {
        // Between a `.disconnected` and the next `.connected` nothing needs to be reported.
        if case .dropped = continuation.yield(notification), case .received = notification {
            continuation.yield(.connected)
        }
    }
}

/// A report of a listener.
package enum PostgresNotification: Sendable, Hashable {
    /// Listening has (re)started, or notifications were dropped because the buffer was full: the reader may have missed
    /// any, so it must catch up.
    case connected
    /// The connection is lost: no notification arrives until the next `connected`.
    case disconnected
    case received(channel: String, payload: String)
}
