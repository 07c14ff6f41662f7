/// A task that waits for a connection. Used only under the pool's lock.
final class PoolWaiter: @unchecked Sendable {
    typealias Outcome = Result<PostgresConnection, PostgresError>

    let deadline: ContinuousClock.Instant
    var continuation: UnsafeContinuation<Outcome, Never>?
    var isCancelled = false

    init(deadline: ContinuousClock.Instant) {
        self.deadline = deadline
    }
}
