import CLibPQ
import DequeModule

/// Sending a batch, and what its replies mean.
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

    /// The server forgot a prepared statement, or its plan no longer fits the tables: it must be prepared again.
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
        // Outside a transaction a failed batch left nothing behind, so it can be sent once more.
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
