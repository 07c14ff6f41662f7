import Base
package import Logging
package import NIOCore
package import Store
package import Workflow

/// One stream from its start to its end: replays what its reader has missed, then lets the hub feed it, and replays again
/// when the reader falls behind.
///
/// The caller's task does the replay. While the stream is live it needs no task.
package struct StreamSession: Sendable {
    /// The connection's event loop is not one of the hub's.
    package struct ForeignEventLoop: Error {}

    private let request: StreamRequest
    private let hub: Hub
    private let store: Store
    private let access: (any StreamAccess)?
    private let logger: Logger
    private let subscriber: NIOLoopBound<Subscriber>

    /// - Parameters:
    ///   - access: the credential; nil for a stream that needs none.
    ///   - eventLoop: the connection's; one of the hub's.
    ///   - connect: makes the connection's output, and gives it to its argument for the subscriber that writes to it.
    ///     Called on the event loop.
    /// - Throws: `ForeignEventLoop`, and what `connect` throws.
    package init(
        _ request: StreamRequest, hub: Hub, store: Store, access: (any StreamAccess)? = nil, on eventLoop: any EventLoop,
        logger: Logger,
        connect: @escaping @Sendable (_ subscribe: (any SubscriberOutput) -> Subscriber) throws -> Subscriber
    ) async throws {
        self.request = request
        self.hub = hub
        self.store = store
        self.access = access
        self.logger = logger
        guard let loop = hub.subscribers(on: eventLoop) else { throw ForeignEventLoop() }
        subscriber = try await eventLoop.submit {
            let subscriber = try connect { output in
                Subscriber(request, hub: hub, loop: loop.value, output: output, access: access)
            }
            return NIOLoopBound(subscriber, eventLoop: eventLoop)
        }.get()
    }

    /// Serves the stream until it is over. Then everything but the end of the response is written.
    /// - Parameter restart: returns the start after a reset.
    package func run(
        _ start: StreamStart, restart: @Sendable (ResetReason) async throws -> StreamStart
    ) async -> StreamOutcome {
        await withTaskCancellationHandler {
            var start = start
            while true {
                var end = await begin(start)
                while end == nil {
                    switch await withCheckedContinuation({ live in whenNotLive { live.resume(returning: $0) } }) {
                    case .over(let outcome): end = outcome
                    case .behind(let position): end = await replay(.replay(after: position), epoch: start.cursor.epoch)
                    }
                }
                guard let outcome = end, case .reset(let reason) = outcome else { return end ?? .gone }
                guard let next = await nextStart(reason, restart) else { return .finished }
                start = next
            }
        } onCancel: {
            subscriber.eventLoop.execute { [subscriber] in subscriber.value.readerLeft() }
        }
    }

    /// Serves the stream without a task while it is live: there are many streams, and each is live most of the time.
    /// - Parameters:
    ///   - restart: returns the start after a reset.
    ///   - over: called once, when the stream is over.
    package func runDetached(
        _ start: StreamStart, restart: @escaping @Sendable (ResetReason) async throws -> StreamStart,
        over: @escaping @Sendable (StreamOutcome) async -> Void
    ) async {
        await goOn(after: await begin(start), epoch: start.cursor.epoch, restart, over)
    }

    /// - Parameter outcome: nil for a stream that is live.
    private func goOn(
        after outcome: StreamOutcome?, epoch: String,
        _ restart: @escaping @Sendable (ResetReason) async throws -> StreamStart,
        _ over: @escaping @Sendable (StreamOutcome) async -> Void
    ) async {
        guard let outcome else {
            return whenNotLive { end in
                Task {
                    let next: StreamOutcome? =
                        switch end {
                        case .over(let outcome): outcome
                        case .behind(let position): await replay(.replay(after: position), epoch: epoch)
                        }
                    await goOn(after: next, epoch: epoch, restart, over)
                }
            }
        }
        guard case .reset(let reason) = outcome else { return await over(outcome) }
        guard let start = await nextStart(reason, restart) else { return await over(.finished) }
        await runDetached(start, restart: restart, over: over)
    }

    /// Reopens the stream after a reset; nil when it cannot begin again.
    private func nextStart(
        _ reason: ResetReason, _ restart: @Sendable (ResetReason) async throws -> StreamStart
    ) async -> StreamStart? {
        do {
            // The tailer notices a new epoch with its next poll. Until then no subscriber can join in it.
            try await Task.sleep(for: .milliseconds(50))
            let start = try await restart(reason)
            await onLoop { $0.reopen() }
            return start
        } catch {
            // The reader returns with its old cursor and gets the reset then.
            logger.debug("a stream could not begin again: \(error)")
            return nil
        }
    }

    /// Ends the stream, because what it was opened with has ended.
    package func expire(_ end: CredentialEnd) {
        subscriber.eventLoop.execute { [subscriber] in
            let subscriber = subscriber.value
            subscriber.loop.expire(subscriber, end)
        }
    }

    /// Waits until the connection has taken what was written, so that the response can end cleanly.
    package func settle(within time: Duration) async {
        await withCheckedContinuation { continuation in
            subscriber.eventLoop.execute { [subscriber] in
                subscriber.value.settle(within: TimeAmount(time), continuation)
            }
        }
    }

    private func begin(_ start: StreamStart) async -> StreamOutcome? {
        let retry = hub.jitteredRetry
        guard access != nil else {
            return await replay(await onLoop { $0.begin(start, retry: retry) }, epoch: start.cursor.epoch)
        }
        // What the stream begins with was read before. After this look every change of access is noticed.
        await onLoop { $0.join(start) }
        var step: Subscriber.Step?
        while step == nil, await untilAccessIsGood() { step = await onLoop { $0.open(retry: retry) } }
        return await replay(step ?? .over, epoch: start.cursor.epoch)
    }

    /// Looks at the credential, and ends the stream when it has ended.
    /// - Parameter always: false: only where a change of access may have affected it.
    /// - Returns: whether the stream goes on.
    private func isAccessGood(always: Bool = false) async throws -> Bool {
        guard let access else { return true }
        let hold = await onLoop { $0.isOver ? nil : $0.accessHold }
        guard let hold else { return false }
        guard always || hold.isHeld else { return true }
        if let end = try await access.end() {
            await onLoop { $0.loop.expire($0, end) }
            return false
        }
        return await onLoop { subscriber in
            subscriber.passed(hold.changes)
            return !subscriber.isOver
        }
    }

    /// Looks at the credential, again and again until it can be read.
    private func untilAccessIsGood() async -> Bool {
        var failures = 0
        while true {
            do { return try await isAccessGood(always: true) } catch {
                failures += 1
                logger.warning("a stream waits for a look at its credential", metadata: ["error": "\(error)"])
                if (try? await Task.sleep(for: Backoff.reading.delay(afterFailures: failures))) == nil { return false }
            }
        }
    }

    /// Replays until the stream is live.
    /// - Returns: the outcome of a stream that is over before.
    private func replay(_ first: Subscriber.Step, epoch: String) async -> StreamOutcome? {
        var step = first
        var limit = EventPageLimit(count: 100, bytes: hub.configuration.replayBytes)
        var failures = 0
        while case .replay(let position) = step {
            await untilWritable()
            do {
                guard try await isAccessGood() else { break }
                step = try await sendPage(after: position, epoch: epoch, &limit)
                failures = 0
            } catch {
                failures += 1
                logger.warning("a replay waits for the database", metadata: ["error": "\(error)"])
                if (try? await Task.sleep(for: Backoff.reading.delay(afterFailures: failures))) == nil { break }
                step = await onLoop { $0.isOver ? .over : .replay(after: position) }
            }
        }
        return await onLoop { $0.outcome }
    }

    private func whenNotLive(_ body: @escaping @Sendable (LiveEnd) -> Void) {
        subscriber.eventLoop.execute { [subscriber] in subscriber.value.whenNotLive(body) }
    }

    private func sendPage(
        after position: Int64, epoch: String, _ limit: inout EventPageLimit
    ) async throws -> Subscriber.Step {
        var filter = request.filter
        filter.types = nil  // the end of a task shows in events whose types may not pass
        if let recent = hub.recentEvents(
            tenantID: request.tenantID, epoch: epoch, after: position, filter: filter)
        {
            prepare(recent.events)
            return await onLoop { $0.replayed(recent.events, through: recent.through, head: recent.head) }
        }
        let read = try await store.streamReads.eventPage(
            tenantID: request.tenantID, filter.logPart, after: position, limit: limit)
        guard let page = read else { return await end(.reset(.epoch)) }
        limit = limit.adjusted(to: page)
        if page.head.epoch != epoch || page.head.position < position { return await end(.reset(.epoch)) }
        if page.head.pruned > position { return await end(.reset(.expired)) }
        let events = page.events.lazy.filter { filter.matches($0.task) }.map { PublishedEvent($0, epoch: epoch) }
        let sent = Array(events)
        prepare(sent)
        // The page may go beyond what the hub has published, and so beyond a change of access that the subscriber has not seen.
        guard try await isAccessGood(always: true) else { return .over }
        return await onLoop { $0.replayed(sent, through: page.through, head: page.head.position) }
    }

    /// Makes the frames of the stream's view, which is not the event loop's work.
    private func prepare(_ events: [PublishedEvent]) {
        guard request.view != .whole else { return }
        for event in events where request.filter.matches(type: event.type) { _ = event.frame(request.view) }
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
    /// What is left out of the rows in its events.
    package var view: RowView
    /// Whether its reader does not see the whole tenant. The stream then ends when the privacy of a workflow changes, also one
    /// whose filter has no sight because its task was judged when it began.
    package var isRestricted: Bool

    package init(
        tenantID: String, filter: StreamFilter, framing: Framing = .chunked, view: RowView = .whole, isRestricted: Bool = false
    ) {
        self.tenantID = tenantID
        self.filter = filter
        self.framing = framing
        self.view = view
        self.isRestricted = isRestricted
    }
}

/// Where a stream begins, and what it sends before its first event.
package struct StreamStart: Sendable {
    /// Every event after this is sent.
    package var cursor: Cursor
    /// The `id` of the first frame where its event has none. From this cursor a reader whose connection breaks before the
    /// preface has arrived must get the preface again.
    package var openingCursor: Cursor?
    /// `reset` and `state`, where they apply.
    package var preface: [Frame]
    /// Not nil for a stream that ends with its task.
    package var taskEnd: TaskEnd?
    /// `LogHead.privacy` as of which the reader's sight was judged.
    package var privacy: Int64

    package init(
        cursor: Cursor, openingCursor: Cursor?, preface: [Frame] = [], taskEnd: TaskEnd? = nil, privacy: Int64 = 0
    ) {
        self.privacy = privacy
        self.cursor = cursor
        self.openingCursor = openingCursor
        self.preface = preface
        self.taskEnd = taskEnd
    }
}

/// When the stream of a task has sent everything: the task is terminal, and the whole transaction that made it so is
/// sent.
package struct TaskEnd: Sendable, Hashable {
    private var status: String
    /// The position as of which the status is known.
    private var known: Int64
    /// Once this position is sent, the stream ends; nil while the task goes on.
    private var endsAt: Int64?

    /// - Parameter position: the position of the log's head when the task had this status.
    package init(status: String, position: Int64) {
        self.status = status
        known = position
        endsAt = Self.isTerminal(status) ? position : nil
    }

    /// Notes a `task_updated`.
    /// - Parameter head: the position of the log's head when the event was read. The rest of the event's transaction is at
    ///   or below it.
    package mutating func saw(status: String, at position: Int64, head: Int64) {
        guard position > known else { return }
        known = position
        self.status = status
        endsAt = Self.isTerminal(status) ? max(position, head) : nil
    }

    /// Whether the stream ends once it has sent the events that are known.
    package var isInSight: Bool { endsAt != nil }

    /// The status with which the stream ends once everything up to a position is sent; nil while it goes on.
    package func status(sentThrough position: Int64) -> String? {
        guard let endsAt, position >= endsAt else { return nil }
        return status
    }

    private static func isTerminal(_ status: String) -> Bool {
        TaskStatus(rawValue: status)?.isTerminal ?? false
    }
}
