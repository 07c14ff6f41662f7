import Dispatch
import Logging
import Synchronization

/// One session with the server. Statements that are submitted at the same time run one after another, in order.
package final class PostgresConnection: SocketHandler, Sendable {
    /// When the connection was made.
    let openedAt = ContinuousClock.now
    /// When it was last given back to its pool.
    let usedAt = Mutex(ContinuousClock.now)
    /// The share of the longest lifetime after which it is replaced.
    let lifetimeShare = Double.random(in: 0.9...1)
    private let core: Mutex<ConnectionCore>
    private let token: SocketPoller.Token
    private let poller: SocketPoller
    private let socketEvents = WeakSocketHandler()
    private let noticeSink: NoticeSink
    private let callbacks = Mutex(Callbacks())

    private struct Callbacks {
        var onClose: (@Sendable () -> Void)?
        var onNotification: (@Sendable (PostgresNotification) -> Void)?
    }

    /// The statements that one connection keeps prepared.
    static let statementCapacity = 256

    init(handle: consuming LibPQHandle, poller: SocketPoller, logger: Logger) {
        self.poller = poller
        noticeSink = NoticeSink(logger: logger)
        handle.setNoticeSink(noticeSink)
        let token = poller.register(socketEvents)
        self.token = token
        let socket = handle.socket
        core = Mutex(
            ConnectionCore(handle: handle, token: token, poller: poller, statementCapacity: Self.statementCapacity)
        )
        socketEvents.attach(self)
        poller.watch(socket, token: token, interest: .read)
    }

    deinit {
        close()
    }

    /// Runs one statement. Throws `PostgresError`; when the task is cancelled, `.cancelled`.
    package func query(_ query: PostgresQuery) async throws -> PostgresResult {
        try await single(.statement(query))
    }

    /// Runs statements in one round trip. Outside a transaction they are one transaction of their own: the first
    /// error undoes all of them. Inside one, the first error skips the rest.
    package func pipeline(_ queries: [PostgresQuery]) async throws -> [PostgresResult] {
        if queries.isEmpty { return [] }
        return try await perform(.pipeline(queries))
    }

    /// Runs SQL text without parameters, possibly several statements, and returns their results.
    @discardableResult
    package func execute(script: String) async throws -> [PostgresResult] {
        try await perform(.script(script))
    }

    /// - Parameter isShielded: the statement runs to its end even when the task is cancelled.
    func perform(_ batch: Batch, isShielded: Bool = false) async throws(PostgresError) -> [PostgresResult] {
        if let problem = batch.problem {
            var error = PostgresError(code: .invalidQuery, message: problem)
            error.query = batch.sql(0)
            throw error
        }
        let operation = Operation(batch)
        let result: Operation.Outcome =
            if isShielded {
                await outcome(of: operation)
            } else {
                await withTaskCancellationHandler {
                    await outcome(of: operation)
                } onCancel: {
                    cancel(operation)
                }
            }
        return try result.get()
    }

    private func single(_ batch: Batch) async throws(PostgresError) -> PostgresResult {
        guard let result = try await perform(batch).first else {
            throw PostgresError(code: .connectionLost, message: "the server sent no result")
        }
        return result
    }

    private func outcome(of operation: Operation) async -> Operation.Outcome {
        await withUnsafeContinuation { continuation in
            withCore { core, effects in
                operation.continuation = continuation
                core.submit(operation, &effects)
            }
        }
    }

    private func cancel(_ operation: Operation) {
        withCore { core, effects in core.cancel(operation, &effects) }
    }

    /// Whether the session can serve another user: no transaction is open and no statement runs.
    var isReusable: Bool {
        core.withLock { core in
            core.machine.isIdle && core.current == nil && core.handle.isTransactionIdle
        }
    }

    /// Whether the server has refused a change because it accepts none.
    var isReadOnly: Bool { core.withLock { $0.isReadOnly } }

    var isClosed: Bool { core.withLock { $0.machine.isClosed } }

    /// Whether a transaction is open, failed or not.
    package var isInTransaction: Bool { core.withLock { !$0.handle.isTransactionIdle } }

    package var processID: Int { core.withLock { Int($0.handle.processID) } }

    /// Closes at once; statements under way and waiting fail with `.connectionLost`.
    func close() {
        let reason = PostgresError(code: .connectionLost, message: "the connection was closed")
        withCore { core, effects in core.close(reason, &effects) }
    }

    /// Calls back when the connection breaks or is closed, at once if it already is.
    func onClose(_ action: @escaping @Sendable () -> Void) {
        callbacks.withLock { $0.onClose = action }
        if isClosed { callOnClose() }
    }

    func onNotification(_ action: @escaping @Sendable (PostgresNotification) -> Void) {
        callbacks.withLock { $0.onNotification = action }
        withCore { core, _ in core.wantsNotifications = true }
    }

    func socketIsReady() {
        withCore { core, effects in core.socketIsReady(&effects) }
    }

    func deadlineHasPassed() {
        withCore { core, effects in core.deadlineHasPassed(&effects) }
    }

    private func withCore(_ body: (inout ConnectionCore, inout ConnectionEffects) -> Void) {
        var effects = ConnectionEffects()
        core.withLock { core in body(&core, &effects) }
        perform(effects)
    }

    private func perform(_ effects: ConnectionEffects) {
        if let request = effects.cancelRequest {
            BlockingWork.queue.async { [self] in
                request.send()
                withCore { core, effects in core.perform(core.machine.cancelReturned(), &effects) }
            }
        }
        if effects.hasClosed {
            poller.unregister(token)
            callOnClose()
        }
        if !effects.notifications.isEmpty, let action = callbacks.withLock({ $0.onNotification }) {
            effects.notifications.forEach(action)
        }
        for (operation, outcome) in effects.finished { operation.continuation?.resume(returning: outcome) }
    }

    private func callOnClose() {
        let action = callbacks.withLock { callbacks in
            defer { callbacks.onClose = nil }
            return callbacks.onClose
        }
        action?()
    }
}

extension PostgresConnection {
    /// Runs `body` between BEGIN and COMMIT. When it throws, or the task is cancelled, everything is rolled back.
    ///
    /// Throws what `body` throws, or `PostgresError`: also when the server turned the COMMIT into a rollback, because
    /// a statement had failed and `body` went on (`.transactionAborted`). When the connection breaks during COMMIT
    /// (`.connectionLost`), it is unknown whether it took effect.
    package func withTransaction<T: Sendable>(
        isolation: IsolationLevel = .readCommitted, readOnly: Bool = false,
        _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await withTransaction(isolation: isolation, readOnly: readOnly, opening: [], body)
    }

    /// The same with statements that are sent together with BEGIN, and so cost no round trip of their own.
    package func withTransaction<T: Sendable>(
        isolation: IsolationLevel = .readCommitted, readOnly: Bool = false, opening: [PostgresQuery],
        _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        let begin = "BEGIN ISOLATION LEVEL \(isolation.rawValue) \(readOnly ? "READ ONLY" : "READ WRITE")"
        do {
            _ = try await perform(opening.isEmpty ? .script(begin) : .pipeline([PostgresQuery(sql: begin)] + opening))
            let value = try await body(self)
            if isInTransaction { _ = try await commit() }
            return value
        } catch {
            if isInTransaction { await rollBack() }
            throw error
        }
    }

    /// Ends a transaction, in the body of `withTransaction`, together with its last statements. Returns their results; when
    /// one of them fails, everything is rolled back.
    package func commit(_ closing: [PostgresQuery] = []) async throws -> [PostgresResult] {
        if Task.isCancelled { throw PostgresError.cancelledBeforeSending }
        // A cancellation from here on must not leave the outcome of the COMMIT unknown.
        var results: [PostgresResult]
        do {
            results = try await perform(closing.isEmpty ? .script("COMMIT") : .pipeline(closing + ["COMMIT"]), isShielded: true)
        } catch {
            if isInTransaction { await rollBack() }
            throw error.sqlState == PostgresError.SQLState.inFailedTransaction ? .rolledBack : error
        }
        guard results.popLast()?.commandTag == "COMMIT" else { throw PostgresError.rolledBack }
        return results
    }

    /// Also for a cancelled task; a session in which ROLLBACK fails is closed.
    private func rollBack() async {
        do {
            _ = try await perform(.script("ROLLBACK"), isShielded: true)
        } catch {
            close()
        }
    }
}

extension PostgresError {
    fileprivate static let rolledBack = PostgresError(
        code: .transactionAborted, message: "the transaction was rolled back, because a statement in it had failed")
}

/// What a transaction sees of concurrent ones (PostgreSQL treats `READ UNCOMMITTED` as `READ COMMITTED`).
package enum IsolationLevel: String, Sendable, CaseIterable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}
