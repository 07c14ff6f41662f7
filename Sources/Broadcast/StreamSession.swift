package import Logging
package import NIOCore
package import Store
package import Workflow

/// One stream from its request to its end: replays what its reader has missed, then waits while the hub feeds it.
///
/// Its caller's task does the replay; while the stream is live no task is needed.
package struct StreamSession: Sendable {
    private let request: StreamRequest
    private let hub: Hub
    private let store: Store
    private let logger: Logger
    private let subscriber: NIOLoopBound<Subscriber>

    /// - Parameters:
    ///   - eventLoop: the connection's, one of the hub's.
    ///   - connect: makes the connection's output and tells it its subscriber; called on the event loop.
    package init(
        _ request: StreamRequest, hub: Hub, store: Store, on eventLoop: any EventLoop, logger: Logger,
        connect: @escaping @Sendable (NIOLoopBound<SubscriberBox>) throws -> Void
    ) async throws {
        self.request = request
        self.hub = hub
        self.store = store
        self.logger = logger
        guard let rooms = hub.rooms(on: eventLoop) else { throw StreamError.foreignEventLoop }
        subscriber = try await eventLoop.submit {
            let box = SubscriberBox(request, hub: hub, rooms: rooms.value)
            try connect(NIOLoopBound(box, eventLoop: eventLoop))
            guard let subscriber = box.subscriber else { throw StreamError.notConnected }
            return NIOLoopBound(subscriber, eventLoop: eventLoop)
        }.get()
    }

    /// Serves the stream until it is over; when that returns, everything but the end of the response is written.
    /// - Parameter restart: makes the start after a reset.
    package func run(
        _ start: StreamStart, restart: @Sendable (ResetReason) async throws -> StreamStart
    ) async -> StreamOutcome {
        await withTaskCancellationHandler {
            var start = start
            while true {
                let outcome =
                    if let early = await begin(start) { early } else {
                        await withCheckedContinuation { continuation in whenOver { continuation.resume(returning: $0) } }
                    }
                guard case .reset(let reason) = outcome else { return outcome }
                guard let next = await nextStart(reason, restart) else { return .finished }
                start = next
            }
        } onCancel: {
            subscriber.eventLoop.execute { [subscriber] in subscriber.value.readerLeft() }
        }
    }

    /// The same without a task for the time in which the stream is live: that is most of it, and there are many.
    /// - Parameter over: called once, when the stream is over.
    package func runDetached(
        _ start: StreamStart, restart: @escaping @Sendable (ResetReason) async throws -> StreamStart,
        over: @escaping @Sendable (StreamOutcome) async -> Void
    ) async {
        if let outcome = await begin(start) { return await goOn(after: outcome, restart, over) }
        whenOver { outcome in
            Task { await goOn(after: outcome, restart, over) }
        }
    }

    private func goOn(
        after outcome: StreamOutcome, _ restart: @escaping @Sendable (ResetReason) async throws -> StreamStart,
        _ over: @escaping @Sendable (StreamOutcome) async -> Void
    ) async {
        guard case .reset(let reason) = outcome else { return await over(outcome) }
        guard let start = await nextStart(reason, restart) else { return await over(.finished) }
        await runDetached(start, restart: restart, over: over)
    }

    /// Reopens the stream after a reset; nil when it cannot begin again.
    private func nextStart(
        _ reason: ResetReason, _ restart: @Sendable (ResetReason) async throws -> StreamStart
    ) async -> StreamStart? {
        do {
            // The hub notices a new epoch with its next poll; until then it takes nobody in.
            try await Task.sleep(for: .milliseconds(50))
            let start = try await restart(reason)
            await onLoop { $0.reopen() }
            return start
        } catch {
            // The reader comes back with its old cursor and is told then.
            logger.debug("a stream could not begin again: \(error)")
            return nil
        }
    }

    /// Waits until the reader has taken what was written, so that the response can end cleanly.
    package func settle(within time: Duration) async {
        await withCheckedContinuation { continuation in
            subscriber.eventLoop.execute { [subscriber] in
                subscriber.value.settle(within: TimeAmount(time), continuation)
            }
        }
    }

    /// Replays until the stream is live; its outcome when it is over before.
    private func begin(_ start: StreamStart) async -> StreamOutcome? {
        let retry = hub.jitteredRetry
        var step = await onLoop { $0.begin(start, retry: retry) }
        var limit = EventPageLimit(count: 100, bytes: hub.configuration.replayBytes)
        var failures = 0
        while case .replay(let position) = step {
            await untilWritable()
            do {
                step = try await sendPage(after: position, epoch: start.cursor.epoch, &limit)
                failures = 0
            } catch {
                failures += 1
                logger.warning("a replay waits for the database", metadata: ["error": "\(error)"])
                if (try? await Task.sleep(for: Backoff.delay(afterFailures: failures))) == nil { break }
                step = await onLoop { $0.isOver ? .over : .replay(after: position) }
            }
        }
        return await onLoop { $0.outcome }
    }

    private func whenOver(_ body: @escaping @Sendable (StreamOutcome) -> Void) {
        subscriber.eventLoop.execute { [subscriber] in subscriber.value.whenOver(body) }
    }

    private func sendPage(
        after position: Int64, epoch: String, _ limit: inout EventPageLimit
    ) async throws -> Subscriber.Step {
        var filter = request.filter
        filter.types = nil  // the end of a task shows in events that the reader may not want
        if let recent = hub.recentEvents(
            tenantID: request.tenantID, epoch: epoch, after: position, filter: filter)
        {
            return await onLoop { $0.replayed(recent.events, through: recent.through, head: recent.head) }
        }
        let read = try await store.streamReads.eventPage(
            tenantID: request.tenantID, filter.source, after: position, limit: limit)
        guard let page = read else { return await end(.reset(.epoch)) }
        limit = limit.adjusted(to: page)
        if page.head.epoch != epoch || page.head.position < position { return await end(.reset(.epoch)) }
        if page.head.pruned > position { return await end(.reset(.expired)) }
        let events = page.events.lazy.filter { filter.matches($0.task) }.map { PublishedEvent($0, epoch: epoch) }
        let sent = Array(events)
        return await onLoop { $0.replayed(sent, through: page.through, head: page.head.position) }
    }

    private func end(_ outcome: StreamOutcome) async -> Subscriber.Step {
        await onLoop { subscriber in
            subscriber.finish(outcome)
            return .over
        }
    }

    private func untilWritable() async {
        await withCheckedContinuation { continuation in
            subscriber.eventLoop.execute { [subscriber] in subscriber.value.whenWritable(continuation) }
        }
    }

    private func onLoop<T: Sendable>(_ body: @escaping @Sendable (Subscriber) -> T) async -> T {
        await withCheckedContinuation { continuation in
            subscriber.eventLoop.execute { [subscriber] in continuation.resume(returning: body(subscriber.value)) }
        }
    }
}

/// What a stream follows.
package struct StreamRequest: Sendable, Hashable {
    package var tenantID: String
    package var filter: StreamFilter
    package var framing: Framing

    package init(tenantID: String, filter: StreamFilter, framing: Framing = .chunked) {
        self.tenantID = tenantID
        self.filter = filter
        self.framing = framing
    }
}

/// Where a stream begins, and what it sends before its first event.
package struct StreamStart: Sendable {
    /// Every event after this is sent.
    package var cursor: Cursor
    /// The first cursor that the reader gets. It must be one from which a reader that is cut off before the preface
    /// has arrived gets the preface again.
    package var openingCursor: Cursor?
    /// `reset` and `state`, where they apply.
    package var preface: [Frame]
    /// Of a stream that ends with its task.
    package var taskEnd: TaskEnd?

    package init(cursor: Cursor, openingCursor: Cursor?, preface: [Frame] = [], taskEnd: TaskEnd? = nil) {
        self.cursor = cursor
        self.openingCursor = openingCursor
        self.preface = preface
        self.taskEnd = taskEnd
    }
}

/// Knows when the stream of a task has sent everything: the task is terminal, and the whole transaction that made it
/// so is sent.
package struct TaskEnd: Sendable, Hashable {
    private var status: String
    /// Up to here the status is known already.
    private var known: Int64
    /// Once this position is sent, the stream ends; nil while the task goes on.
    private var endsAt: Int64?

    /// - Parameter position: where the log stood when the task had this status.
    package init(status: String, position: Int64) {
        self.status = status
        known = position
        endsAt = Self.isTerminal(status) ? position : nil
    }

    /// Takes note of a `task_updated`.
    /// - Parameter head: where the log stood when the event was read: the rest of its transaction lies below it.
    package mutating func saw(status: String, at position: Int64, head: Int64) {
        guard position > known else { return }
        known = position
        self.status = status
        endsAt = Self.isTerminal(status) ? max(position, head) : nil
    }

    package var isInSight: Bool { endsAt != nil }

    /// The status with which the stream ends now that everything up to a position is sent.
    package func status(sentThrough position: Int64) -> String? {
        guard let endsAt, position >= endsAt else { return nil }
        return status
    }

    private static func isTerminal(_ status: String) -> Bool {
        TaskStatus(rawValue: status)?.isTerminal ?? false
    }
}

/// A stream was set up wrongly.
package struct StreamError: Error, Sendable, Hashable {
    package struct Code: Sendable, Hashable {
        package let rawValue: String
        /// The connection lives on an event loop that the hub was not made with.
        package static let foreignEventLoop = Code(rawValue: "foreign_event_loop")
        /// The connection was given no subscriber.
        package static let notConnected = Code(rawValue: "not_connected")
    }

    package let code: Code

    static let foreignEventLoop = StreamError(code: .foreignEventLoop)
    static let notConnected = StreamError(code: .notConnected)
}
