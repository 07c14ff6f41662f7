import Base
import Logging
import Synchronization

/// Opens connections when they are needed, lends them, and replaces broken ones.
final class ConnectionPool: SocketHandler {
    typealias Machine = PoolStateMachine<PostgresConnection, PoolWaiter>

    private struct State {
        var machine: Machine
        /// Why the latest attempt to connect failed; cleared by one that succeeds.
        var connectError: PostgresError?
        /// Connections that were made before are not used again: they may lead to a server that accepts no changes.
        var usableSince: ContinuousClock.Instant?
        var timer: SocketPoller.Token?
        var drained: [UnsafeContinuation<Void, Never>] = []
    }

    let configuration: PostgresConfiguration
    private let logger: Logger
    private let state: Mutex<State>
    private let timerEvents = WeakSocketHandler()

    init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        state = Mutex(State(machine: PoolStateMachine(limit: configuration.maxConnections)))
        timerEvents.attach(self)
    }

    deinit {
        if let timer = state.withLock({ $0.timer }) { try? SocketPoller.shared.get().unregister(timer) }
        for connection in state.withLock({ $0.machine.shutDown().idle }) { connection.close() }
    }

    /// Lends a connection, which must come back by `release`. Throws `.poolTimeout` when all stayed in use,
    /// `.connectionFailed` when none could be made, `.shutdown`, or `.cancelled`.
    func acquire() async throws(PostgresError) -> PostgresConnection {
        while true {
            switch state.withLock({ $0.machine.acquire() }) {
            case .lease(let connection):
                guard connection.isClosed else { return connection }
                // It broke on its way to the idle ones, so `hasClosed` did not remove it there.
                release(connection)
            case .refused: throw .poolIsShutDown
            case .mustWait: return try await wait()
            }
        }
    }

    private func wait() async throws(PostgresError) -> PostgresConnection {
        let waiter = PoolWaiter(deadline: .now.advanced(by: configuration.acquireTimeout))
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { enqueue(waiter, $0) }
        } onCancel: {
            cancel(waiter)
        }
        return try outcome.get()
    }

    private func enqueue(_ waiter: PoolWaiter, _ continuation: UnsafeContinuation<PoolWaiter.Outcome, Never>) {
        var opens = false
        let outcome: PoolWaiter.Outcome? = state.withLock { state in
            if waiter.isCancelled { return .failure(.cancelledBeforeSending) }
            switch state.machine.acquire() {
            case .lease(let connection): return .success(connection)
            case .refused: return .failure(.poolIsShutDown)
            case .mustWait: break
            }
            waiter.continuation = continuation
            opens = state.machine.enqueue(waiter)
            if state.machine.waiters.count == 1 { setTimer(&state, waiter.deadline) }
            return nil
        }
        if case .success(let connection) = outcome, connection.isClosed {
            release(connection)
            return enqueue(waiter, continuation)
        }
        if let outcome { continuation.resume(returning: outcome) }
        if opens { open() }
    }

    private func cancel(_ waiter: PoolWaiter) {
        let isWithdrawn = state.withLock { state in
            waiter.isCancelled = true
            return state.machine.withdraw(waiter)
        }
        if isWithdrawn { waiter.continuation?.resume(returning: .failure(.cancelledBeforeSending)) }
    }

    func release(_ connection: PostgresConnection) {
        let isReusable = connection.isReusable
        if !isReusable, !connection.isClosed {
            logger.warning("a connection was returned with an open transaction or a running statement; closing it")
        }
        if connection.isReadOnly { replaceAll() }
        let isOutdated = state.withLock { state in state.usableSince.map { connection.openedAt < $0 } ?? false }
        handOver(connection) { $0.release(connection, isUsable: isReusable && !isOutdated) }
    }

    /// Replaces all connections, because one leads to a server that accepts no changes: after a failover the others lead to
    /// the same server. Those in use are replaced when they come back.
    private func replaceAll() {
        let idle: [PostgresConnection] = state.withLock { state in
            state.usableSince = .now
            return state.machine.takeIdle()
        }
        logger.warning("the database accepts no changes; its connections are replaced")
        for connection in idle { connection.close() }
    }

    private func handOver(_ connection: PostgresConnection, _ decide: @Sendable (inout Machine) -> Machine.Handover) {
        let (handover, opens, drained) = state.withLock { state in
            let handover = decide(&state.machine)
            let opens = state.machine.openIfUseful()
            return (handover, opens, takeDrained(&state))
        }
        switch handover {
        case .lease(let waiter): waiter.continuation?.resume(returning: .success(connection))
        case .park: break
        case .close: connection.close()
        }
        if opens { open() }
        drained.forEach { $0.resume() }
    }

    private func takeDrained(_ state: inout State) -> [UnsafeContinuation<Void, Never>] {
        guard state.machine.isShutDown, state.machine.leased == 0 else { return [] }
        defer { state.drained = [] }
        return state.drained
    }

    /// Logs which server the pool waits for, until when, and why the last attempt to connect failed.
    func logWait() {
        let reason = state.withLock { $0.connectError }?.message ?? "no reply yet"
        let address = (try? ConnectionParameters(configuration))?.address ?? "the configured address"
        logger.warning("waiting up to \(configuration.acquireTimeout) for the database at \(address): \(reason)")
    }

    // MARK: Opening

    private func open() {
        Task { await connect() }
    }

    private func connect() async {
        var backoff = Backoff.reconnecting
        while true {
            do throws(PostgresError) {
                let connection = try await ConnectionAttempt.connect(configuration, logger: logger)
                connection.onClose { [weak self, weak connection] in
                    if let connection { self?.hasClosed(connection) }
                }
                state.withLock { $0.connectError = nil }
                return handOver(connection) { $0.opened(connection) }
            } catch {
                guard let delay = connectingFailed(error, &backoff) else { return }
                try? await Task.sleep(for: delay)
            }
        }
    }

    /// Returns how long to wait before the next attempt; `nil` when none is to be made.
    private func connectingFailed(_ error: PostgresError, _ backoff: inout Backoff) -> Duration? {
        let (goesOn, refused) = state.withLock { state -> (Bool, [PoolWaiter]) in
            state.connectError = error
            if error.isConnectingWorthRetrying, !state.machine.waiters.isEmpty { return (true, []) }
            state.machine.gaveUpOpening()
            return (false, error.isConnectingWorthRetrying ? [] : state.machine.withdrawAll())
        }
        for waiter in refused { waiter.continuation?.resume(returning: .failure(error)) }
        logger.debug("cannot connect to the database: \(error)")
        return goesOn ? backoff.next() : nil
    }

    private func hasClosed(_ connection: PostgresConnection) {
        state.withLock { $0.machine.remove(connection) }
    }

    // MARK: Time

    private func setTimer(_ state: inout State, _ deadline: ContinuousClock.Instant) {
        guard let poller = try? SocketPoller.shared.get() else { return }
        let token = state.timer ?? poller.register(timerEvents)
        state.timer = token
        poller.setDeadline(deadline, for: token)
    }

    /// The pool owns a deadline and no socket.
    func socketIsReady() {}

    /// All waiters wait equally long, so the head of the queue is always the first to run out of time.
    func deadlineHasPassed() {
        let (overdue, error) = state.withLock { state in
            let now = ContinuousClock.now
            let overdue = state.machine.withdrawHead { $0.deadline <= now }
            if let next = state.machine.waiters.first { setTimer(&state, next.deadline) }
            return (overdue, timeoutError(state))
        }
        for waiter in overdue { waiter.continuation?.resume(returning: .failure(error)) }
    }

    private func timeoutError(_ state: State) -> PostgresError {
        let limit = "within \(configuration.acquireTimeout)"
        if let cause = state.connectError {
            var error = cause
            error.message = "no connection to the database \(limit): \(cause.message)"
            return error
        }
        if state.machine.leased == 0 {
            return PostgresError(code: .connectionFailed, message: "no connection to the database \(limit)")
        }
        return PostgresError(
            code: .poolTimeout,
            message: "no free connection \(limit): \(state.machine.leased) of \(state.machine.limit) in use, "
                + "\(state.machine.waiters.count) more tasks wait"
        )
    }

    // MARK: End

    /// Refuses new work, closes idle connections, and waits until the lent ones are back.
    func shutDown() async {
        let (idle, waiters) = state.withLock { state in
            if let timer = state.timer { try? SocketPoller.shared.get().unregister(timer) }
            state.timer = nil
            return state.machine.shutDown()
        }
        for connection in idle { connection.close() }
        for waiter in waiters { waiter.continuation?.resume(returning: .failure(.poolIsShutDown)) }
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let drained = state.withLock { state in
                state.drained.append(continuation)
                return takeDrained(&state)
            }
            drained.forEach { $0.resume() }
        }
    }
}

extension PostgresError {
    static let poolIsShutDown = PostgresError(code: .shutdown, message: "the database client was shut down")
}

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
