import Synchronization

/// Passes events of the poller on to a connection without keeping it alive.
final class ConnectionSocketEvents: SocketHandler {
    private struct Target {
        weak var connection: PostgresConnection?
    }

    private let target = Mutex(Target())

    func attach(_ connection: PostgresConnection) {
        target.withLock { $0.connection = connection }
    }

    func socketIsReady() {
        target.withLock { $0.connection }?.socketIsReady()
    }

    func deadlineHasPassed() {
        target.withLock { $0.connection }?.deadlineHasPassed()
    }
}
