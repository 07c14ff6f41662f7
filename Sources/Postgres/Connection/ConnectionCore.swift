import CLibPQ
import DequeModule

/// The state of a connection that its lock protects. Methods collect in `effects` what must happen outside the lock.
struct ConnectionCore: ~Copyable {
    var handle: LibPQHandle
    var machine = ConnectionStateMachine()
    var statements: StatementCache
    var current: Operation?
    var waiting = Deque<Operation>()
    var closeReason: PostgresError?
    var wantsNotifications = false
    /// Whether the server has refused a change because it accepts none (SQLSTATE 25006): it became a standby, say.
    private(set) var isReadOnly = false

    let socket: Int32
    let token: SocketPoller.Token
    let poller: SocketPoller
    private var watched = SocketInterest.read
    private var deadline: ContinuousClock.Instant?

    init(handle: consuming LibPQHandle, token: SocketPoller.Token, poller: SocketPoller, statementCapacity: Int) {
        socket = handle.socket
        self.handle = handle
        self.token = token
        self.poller = poller
        statements = StatementCache(capacity: statementCapacity)
    }

    mutating func submit(_ operation: Operation, _ effects: inout ConnectionEffects) {
        if let closeReason {
            effects.finished.append((operation, .failure(closeReason)))
        } else if operation.isCancelled {
            effects.finished.append((operation, .failure(.cancelledBeforeSending)))
        } else if current == nil {
            start(operation, &effects)
        } else {
            waiting.append(operation)
        }
    }

    mutating func cancel(_ operation: Operation, _ effects: inout ConnectionEffects) {
        operation.isCancelled = true
        if current === operation {
            perform(machine.cancel(), &effects)
        } else if let index = waiting.firstIndex(where: { $0 === operation }) {
            waiting.remove(at: index)
            effects.finished.append((operation, .failure(.cancelledBeforeSending)))
        }
    }

    mutating func perform(_ action: ConnectionStateMachine.CancelAction, _ effects: inout ConnectionEffects) {
        switch action {
        case .none:
            break
        case .send(let limit):
            effects.cancelRequest = handle.cancelRequest()
            setDeadline(after: limit)
            if effects.cancelRequest == nil { perform(.giveUp, &effects) }
        case .retry(let delay):
            setDeadline(after: delay)
        case .complete:
            finishCurrent(&effects)
        case .giveUp:
            close(PostgresError(code: .connectionLost, message: "the server did not answer a cancel request"), &effects)
        }
    }

    /// Called under the lock, so that a late clearing cannot undo a newer deadline.
    mutating func setDeadline(after delay: Duration?) {
        guard delay != nil || deadline != nil else { return }
        deadline = delay.map { .now.advanced(by: $0) }
        poller.setDeadline(deadline, for: token)
    }

    mutating func deadlineHasPassed(_ effects: inout ConnectionEffects) {
        // The poller may deliver a deadline that has been replaced meanwhile.
        guard let deadline, deadline <= .now else { return }
        self.deadline = nil
        perform(machine.deadlinePassed(), &effects)
    }

    /// Reads what the socket has, on the poller's thread.
    mutating func socketIsReady(_ effects: inout ConnectionEffects) {
        guard !machine.isClosed else { return }
        guard handle.consumeInput() else { return lose(&effects) }
        pump(&effects)
        if machine.isIdle || wantsNotifications { takeNotifications(&effects) }
    }

    /// Takes the notifications that libpq has parsed, and drops them when the connection has no listener.
    mutating func takeNotifications(_ effects: inout ConnectionEffects) {
        while let notification = handle.nextNotification() {
            if wantsNotifications { effects.notifications.append(notification) }
        }
        if handle.isBad { lose(&effects) }
    }

    /// Flushes output, takes every result that is complete, and watches the socket for the rest.
    mutating func pump(_ effects: inout ConnectionEffects) {
        guard machine.isReading else { return }
        let flushed = handle.flush()
        guard flushed >= 0 else { return lose(&effects) }
        watch(flushed == 0 ? .read : .readAndWrite)
        readReplies(&effects)
    }

    private mutating func watch(_ interest: SocketInterest) {
        guard interest != watched else { return }
        watched = interest
        poller.change(socket, token: token, interest: interest)
    }

    /// The connection broke: reads the errors that the server sent before, then closes.
    mutating func lose(_ effects: inout ConnectionEffects) {
        var error = PostgresError(code: .connectionLost, message: handle.errorMessage)
        var remaining = 8
        while remaining > 0, !handle.isBusy, let result = handle.nextResult() {
            remaining -= 1
            if let sqlState = result.errorField(.sqlState), sqlState != PostgresError.SQLState.queryCancelled {
                error = PostgresError(result, query: nil)
            }
        }
        if let failure = current?.failure, failure.sqlState?.hasPrefix("57P") ?? false { error = failure }
        if error.message.isEmpty { error.message = "the server closed the connection" }
        error.code = .connectionLost
        close(error, &effects)
    }

    /// Closes the socket and fails every operation.
    mutating func close(_ reason: PostgresError, _ effects: inout ConnectionEffects) {
        guard !machine.isClosed else { return }
        machine.close()
        closeReason = reason
        poller.unwatch(socket)
        handle.finish()
        effects.hasClosed = true
        setDeadline(after: nil)
        if let current {
            var error = reason
            error.query = current.batch.sql(current.results.count)
            if current.isCancelled { error.code = .cancelled }
            effects.finished.append((current, .failure(error)))
        }
        effects.finished += waiting.map { ($0, .failure(reason)) }
        current = nil
        waiting.removeAll()
    }
}

extension PostgresError {
    static let cancelledBeforeSending = PostgresError(code: .cancelled, message: "the task was cancelled")
}

// MARK: Exchanges
extension ConnectionCore {
    mutating func start(_ operation: Operation, _ effects: inout ConnectionEffects) {
        current = operation
        let isIdle = handle.isTransactionIdle
        let plan = BatchPlan(operation.batch, statements: &statements, isTransactionIdle: isIdle)
        machine.begin(plan)
        guard send(plan, of: operation.batch) else { return lose(&effects) }
        pump(&effects)
    }

    private func send(_ plan: BatchPlan, of batch: Batch) -> Bool {
        if plan.isPipelined, !handle.enterPipeline() { return false }
        for step in plan.steps {
            let isSent =
                switch (step, batch) {
                case (.sync, _): handle.sendSync()
                case (.deallocate(let name), _): handle.sendStatement("DEALLOCATE \(name)")
                case (.prepare(let query, let name), _): handle.sendPrepare(name: name, sql: batch.sql(query) ?? "")
                case (.execute(_, let name, _), .statement(let query)):
                    handle.sendExecute(name: name, parameters: query.parameters)
                case (.execute(let query, let name, _), .pipeline(let queries)):
                    handle.sendExecute(name: name, parameters: queries[query].parameters)
                case (.script, .script(let sql)): handle.sendScript(sql)
                case (.execute, .script), (.script, _): false
                }
            guard isSent else { return false }
        }
        return true
    }

    mutating func readReplies(_ effects: inout ConnectionEffects) {
        while machine.isReading, !handle.isBusy {
            let result = handle.nextResult()
            let reply = ConnectionStateMachine.Reply(result)
            switch machine.received(reply) {
            case .readOn, .settle: break
            case .keep(let step): if let result { keep(result, reply, for: step) }
            case .complete: finishCurrent(&effects)
            case .violation(let problem):
                let error = PostgresError(code: reply == .copy ? .unsupported : .connectionLost, message: problem)
                return close(error, &effects)
            }
            if handle.isBad { return lose(&effects) }
        }
    }

    private mutating func keep(
        _ result: ResultHandle, _ reply: ConnectionStateMachine.Reply, for step: BatchPlan.Step
    ) {
        guard let current else { return }
        if reply == .failure, result.errorField(.sqlState) == PostgresError.SQLState.readOnly { isReadOnly = true }
        switch (step, reply) {
        case (.execute, .success), (.script, .success):
            current.results.append(PostgresResult(handle: result))
        case (.execute(let query, _, let isFresh), .failure):
            let error = PostgresError(result, query: current.batch.sql(query))
            current.failure = current.failure ?? error
            if !isFresh { noteStale(error.sqlState, query: query, of: current) }
        case (.prepare(let query, let name), .failure), (.prepare(let query, let name), .aborted):
            if reply == .failure {
                current.failure = current.failure ?? PostgresError(result, query: current.batch.sql(query))
            }
            if let sql = current.batch.sql(query) { statements.forget(sql, name: name) }
        case (.script, .failure):
            current.failure = current.failure ?? PostgresError(result, query: current.batch.sql(0))
        case (.deallocate(let name), .failure), (.deallocate(let name), .aborted):
            if result.errorField(.sqlState) != PostgresError.SQLState.invalidStatementName {
                statements.restoreEvicted(name)
            }
        default:
            break
        }
    }

    /// The server lost a prepared statement, or its plan no longer fits the tables: it must be prepared again.
    private mutating func noteStale(_ sqlState: String?, query: Int, of operation: Operation) {
        switch sqlState {
        case PostgresError.SQLState.invalidStatementName:
            statements.forgetAll()
        case PostgresError.SQLState.featureNotSupported:
            if let sql = operation.batch.sql(query) { statements.evict(sql) }
        default:
            return
        }
        operation.failedStale = true
    }

    mutating func finishCurrent(_ effects: inout ConnectionEffects) {
        guard let operation = current else { return }
        if handle.isInPipeline, !handle.exitPipeline() { return lose(&effects) }
        setDeadline(after: nil)
        // Outside a transaction a failed batch has changed nothing, so it can be sent once more.
        if operation.failedStale, !operation.isRetry, !operation.isCancelled, handle.isTransactionIdle {
            operation.reset()
            return start(operation, &effects)
        }
        current = nil
        effects.finished.append((operation, operation.outcome))
        if let next = waiting.popFirst() { start(next, &effects) }
    }
}

extension ConnectionStateMachine.Reply {
    init(_ result: ResultHandle?) {
        switch result?.status {
        case nil: self = .end
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_SINGLE_TUPLE: self = .success
        case PGRES_PIPELINE_SYNC: self = .sync
        case PGRES_PIPELINE_ABORTED: self = .aborted
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: self = .copy
        default: self = .failure
        }
    }
}

/// One batch, the task that waits for it, and its results so far. Used only under the lock of its connection.
final class Operation: @unchecked Sendable {
    typealias Outcome = Result<[PostgresResult], PostgresError>

    let batch: Batch
    var continuation: UnsafeContinuation<Outcome, Never>?
    var isCancelled = false
    var results: [PostgresResult] = []
    var failure: PostgresError?
    /// The failed statement had been prepared before: preparing it again may help.
    var failedStale = false
    var isRetry = false

    init(_ batch: Batch) {
        self.batch = batch
    }

    /// Drops the results, before the batch is sent again.
    func reset() {
        results = []
        failure = nil
        failedStale = false
        isRetry = true
    }

    var outcome: Outcome {
        guard var failure else { return .success(results) }
        if isCancelled, failure.code == .timeout { failure.code = .cancelled }
        return .failure(failure)
    }
}

/// What remains to be done when the lock of a connection is released.
struct ConnectionEffects {
    var finished: [(Operation, Operation.Outcome)] = []
    var cancelRequest: CancelRequest?
    var notifications: [PostgresNotification] = []
    var hasClosed = false
}
