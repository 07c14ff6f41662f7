/// What a connection does next, decided without a socket: exchanges, their replies, and their cancellation.
///
/// ```
/// idle ──begin──▶ exchanging ──last reply──▶ idle
///                    │ cancel                  ▲
///                    ▼                         │ request returned
///                 cancelling ──last reply──▶ settling
/// any ──close──▶ closed
/// ```
/// A connection leaves `settling` only when no cancel request is under way: a late one would hit the next statement.
struct ConnectionStateMachine {
    /// The kinds of results that libpq returns, as far as they matter here.
    enum Reply: Hashable, Sendable {
        case success, failure
        /// The statement was skipped, because one before it in the pipeline failed.
        case aborted
        case sync
        /// No more results for this statement.
        case end
        /// The server waits for, or sends, COPY data.
        case copy
    }

    enum ReplyAction: Hashable {
        /// The result belongs to this step.
        case keep(BatchPlan.Step)
        case readOn
        /// The last reply is in, and the connection is idle.
        case complete
        /// The last reply is in, and a cancel request is still under way.
        case settle
        case violation(String)
    }

    enum CancelAction: Hashable {
        /// Send a cancel request, and come back with `deadlinePassed` when it has not returned in time.
        case send(giveUpAfter: Duration)
        /// The request came before the server had begun; ask again after this time.
        case retry(after: Duration)
        /// The exchange is over, and the connection is idle.
        case complete
        case giveUp
        case none
    }

    private enum State {
        case idle
        case exchanging(Exchange)
        case closed
    }

    private struct Exchange {
        let plan: BatchPlan
        var position = 0
        var isDrained = false
        var cancelAttempts = 0
        var isCancelUnderWay = false

        var step: BatchPlan.Step? { position < plan.steps.count ? plan.steps[position] : nil }
    }

    private static let cancelTimeout = Duration.seconds(5)
    /// 20 ms, doubled each time: eight attempts within about five seconds.
    private static let maximalCancelAttempts = 8

    private var state = State.idle

    var isIdle: Bool { if case .idle = state { true } else { false } }
    var isClosed: Bool { if case .closed = state { true } else { false } }
    /// Replies are expected.
    var isReading: Bool { if case .exchanging(let exchange) = state { !exchange.isDrained } else { false } }

    mutating func begin(_ plan: BatchPlan) {
        guard isIdle else { return }
        state = .exchanging(Exchange(plan: plan))
    }

    mutating func received(_ reply: Reply) -> ReplyAction {
        guard case .exchanging(var exchange) = state, !exchange.isDrained, let step = exchange.step else {
            return reply == .end ? .readOn : .violation("a reply came that nothing asked for")
        }
        switch (reply, step) {
        case (.copy, _):
            return .violation("COPY is not supported")
        case (.sync, .sync), (.end, .script):
            exchange.position += 1
        case (.end, .execute) where !exchange.plan.isPipelined:
            exchange.position += 1
        case (.end, .sync):
            return .readOn
        case (.end, _):
            exchange.position += 1
            state = .exchanging(exchange)
            return .readOn
        case (.sync, _), (_, .sync):
            return .violation("replies of a pipeline came out of order")
        case (.success, _), (.failure, _), (.aborted, _):
            return .keep(step)
        }
        return advanced(exchange)
    }

    private mutating func advanced(_ exchange: Exchange) -> ReplyAction {
        var exchange = exchange
        guard exchange.step == nil else {
            state = .exchanging(exchange)
            return .readOn
        }
        if exchange.isCancelUnderWay {
            exchange.isDrained = true
            state = .exchanging(exchange)
            return .settle
        }
        state = .idle
        return .complete
    }

    /// The task that waits for the exchange was cancelled, or the time for another attempt has come.
    mutating func cancel() -> CancelAction {
        guard case .exchanging(var exchange) = state, !exchange.isDrained, !exchange.isCancelUnderWay else { return .none }
        guard exchange.cancelAttempts < Self.maximalCancelAttempts else { return .giveUp }
        exchange.cancelAttempts += 1
        exchange.isCancelUnderWay = true
        state = .exchanging(exchange)
        return .send(giveUpAfter: Self.cancelTimeout)
    }

    mutating func cancelReturned() -> CancelAction {
        guard case .exchanging(var exchange) = state, exchange.isCancelUnderWay else { return .none }
        exchange.isCancelUnderWay = false
        if exchange.isDrained {
            state = .idle
            return .complete
        }
        state = .exchanging(exchange)
        return .retry(after: .milliseconds(20) * (1 << (exchange.cancelAttempts - 1)))
    }

    mutating func deadlinePassed() -> CancelAction {
        guard case .exchanging(let exchange) = state, exchange.cancelAttempts > 0 else { return .none }
        return exchange.isCancelUnderWay ? .giveUp : cancel()
    }

    mutating func close() {
        state = .closed
    }
}
