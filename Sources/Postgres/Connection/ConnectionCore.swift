import CLibPQ
import DequeModule

/// Everything of a connection that its lock protects. Methods collect in `effects` what must happen after it.
struct ConnectionCore: ~Copyable {
    var handle: LibPQHandle
    var machine = ConnectionStateMachine()
    var statements: StatementCache
    var current: Operation?
    var waiting = Deque<Operation>()
    var closeReason: PostgresError?
    var wantsNotifications = false

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

    /// Done under the lock, so that a late clearing cannot undo a newer deadline.
    mutating func setDeadline(after delay: Duration?) {
        guard delay != nil || deadline != nil else { return }
        deadline = delay.map { .now.advanced(by: $0) }
        poller.setDeadline(deadline, for: token)
    }

    mutating func deadlineHasPassed(_ effects: inout ConnectionEffects) {
        // The poller may have been on its way with a deadline that is no longer meant.
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

    /// Parses what came unasked; also frees it when nobody listens.
    mutating func takeNotifications(_ effects: inout ConnectionEffects) {
        while let notification = handle.nextNotification() {
            if wantsNotifications { effects.notifications.append(notification) }
        }
        if handle.isBad { lose(&effects) }
    }

    /// Pushes output, takes every result that is complete, and arranges to be woken for the rest.
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

    /// The connection broke: looks for the server's last words, then closes.
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

    /// Closes the socket and fails everything that waits.
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
