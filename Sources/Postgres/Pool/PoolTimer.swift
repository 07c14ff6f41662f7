import Synchronization

/// Tells a pool that its longest waiting task is out of time, without keeping the pool alive.
final class PoolTimer: SocketHandler {
    private struct Target {
        weak var pool: ConnectionPool?
    }

    private let target: Mutex<Target>

    init(_ pool: ConnectionPool) {
        target = Mutex(Target(pool: pool))
    }

    func socketIsReady() {}

    func deadlineHasPassed() {
        target.withLock { $0.pool }?.deadlineHasPassed()
    }
}
