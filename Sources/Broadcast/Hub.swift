import Base
import Foundation
package import NIOCore
import ServiceLifecycle
package import Store
import Synchronization
import Telemetry
package import Workflow

/// The broadcaster of a node: it feeds the streams of every event loop from one place.
///
/// Publishing never waits for a subscriber. Events and pieces of text go into the mailbox of each loop. The loop is
/// called once, takes all that has gathered, and writes it to each group of subscribers as one shared buffer.
package final class Hub: Sendable {
    package let configuration: HubConfiguration
    let state: Mutex<HubState>
    let loops: [NIOLoopBoundBox<LoopSubscribers>]
    let eventLoops: [any EventLoop]
    private let fanOut: [ObjectIdentifier: EventLoopExecutor]
    private let fanOutGroup: (any EventLoopGroup)?
    private let loopIndexes: [ObjectIdentifier: Int]
    private let lookupListener = Mutex<LookupListener?>(nil)

    /// - Parameters:
    ///   - group: the event loops of the HTTP server.
    ///   - fanOut: event loops that only fan out. Without them every stream stays on the loop of its connection.
    package init(
        group: any EventLoopGroup, fanOut: (any EventLoopGroup)? = nil, configuration: HubConfiguration = HubConfiguration()
    ) {
        self.configuration = configuration
        fanOutGroup = fanOut
        self.fanOut = Dictionary(
            uniqueKeysWithValues: (fanOut.map { Array($0.makeIterator()) } ?? []).map {
                (ObjectIdentifier($0), EventLoopExecutor($0))
            })
        eventLoops = Array(group.makeIterator()) + (fanOut.map { Array($0.makeIterator()) } ?? [])
        state = Mutex(
            HubState(
                texts: LiveTextBoard(textLimit: configuration.textLimit, countLimit: configuration.textCount),
                mailboxes: Array(repeating: Mailbox(), count: eventLoops.count)))
        loops = eventLoops.enumerated().map { index, eventLoop in
            NIOLoopBoundBox.makeBoxSendingValue(
                LoopSubscribers(index: index, eventLoop: eventLoop, configuration: configuration), eventLoop: eventLoop)
        }
        loopIndexes = Dictionary(
            uniqueKeysWithValues: eventLoops.enumerated().map { (ObjectIdentifier($1), $0) })
    }

    /// How many streams are open on this node.
    package var streamCount: Int { state.withLock { $0.streams.total } }

    /// The next loop in turn that only fans out; nil without such loops.
    package func nextFanOutLoop() -> EventLoopExecutor? {
        fanOutGroup.flatMap { fanOut[ObjectIdentifier($0.next())] }
    }

    /// The subscribers of a loop; nil when the loop is not one of this hub's.
    func subscribers(on eventLoop: any EventLoop) -> NIOLoopBoundBox<LoopSubscribers>? {
        loopIndexes[ObjectIdentifier(eventLoop)].map { loops[$0] }
    }

    /// Makes the loops empty their mailboxes.
    func call(_ indexes: [Int]) {
        for index in indexes {
            let subscribers = loops[index]
            eventLoops[index].execute { subscribers.value.takeMail(from: self) }
        }
    }
}

/// The bounds of a hub. Sizes are in bytes.
package struct HubConfiguration: Sendable {
    /// Streams at a time on this node; a further one gets `overloaded`.
    package var maxStreams = 10_000
    /// Of these, streams of one tenant.
    package var maxTenantStreams = 10_000
    /// Of these, streams of one user of one tenant.
    package var maxUserStreams = 10_000
    /// A connection with more unsent than this gets no more live events: it goes back to a replay.
    package var maxUnsentBytes = 1 << 20
    /// How much may wait for one subscriber during its replay.
    package var queueLimit = 1 << 18
    /// How much a replay reads and sends at a time.
    package var replayBytes = 1 << 18
    /// How many bytes of recent events are kept of each followed log.
    package var ringBytes = 4 << 20
    /// How many recent events are kept of each followed log.
    package var ringCount = 4096
    /// How much is kept of one text in progress.
    package var textLimit = 1 << 20
    /// Of how many texts in progress something is kept.
    package var textCount = 256
    /// Between two heartbeats of a stream.
    package var heartbeat: Duration = .seconds(15)
    /// A connection lasts between three quarters of this and all of it.
    package var maxAge: Duration = .seconds(3600)
    /// A connection is dropped when its reader takes no byte for so many heartbeats in a row.
    package var maxStalledHeartbeats = 2
    /// On shutdown the ends of the streams are spread over this time.
    package var drainTime: Duration = .seconds(5)
    /// How long a log is followed after its last follower has left.
    package var linger: Duration = .seconds(30)

    package init() {}
}

/// What the threads of a hub share. One lock guards it, and is held only to append or to take.
struct HubState: Sendable {
    var logs: [String: TenantLog] = [:]
    var texts: LiveTextBoard
    var mailboxes: [Mailbox]
    var streams = StreamCounts()
    var isDraining = false

    /// Puts a delivery into the mailbox of each loop that serves the tenant.
    /// - Returns: the loops to call.
    mutating func post(_ delivery: Delivery, tenantID: String) -> [Int] {
        guard let log = logs[tenantID] else { return [] }
        var calls: [Int] = []
        for (loop, subscribers) in log.subscribersByLoop.enumerated() where subscribers > 0 {
            if mailboxes[loop].put(delivery) { calls.append(loop) }
        }
        return calls
    }
}

extension Hub {
    /// Publishes a page that continues what was published. Does nothing when the log is not followed or the page does not
    /// begin at its position, so that each event is published once. Neither is a page whose facts are older than what is known
    /// of the tenant's privacy.
    /// - Returns: whether everything in the page has been published.
    @discardableResult
    package func publish(_ page: EventPage) -> Bool {
        let tenantID = page.head.tenantID
        let batch = EventBatch(
            tenantID: tenantID, events: page.events.map { PublishedEvent($0, epoch: page.head.epoch) },
            accessChanges: page.accessChanges, through: page.through, head: page.head.position)
        let (isPublished, calls, areTextsUnknown): (Bool, [Int], Bool) = state.withLock { state in
            let isNews = state.logs[tenantID].map { $0.epoch == page.head.epoch && $0.privacy < page.head.privacy } ?? false
            let ended = state.notePrivacy(page.head)
            guard let privacy = state.logs[tenantID]?.privacy, page.head.privacy >= privacy else { return (false, ended, isNews) }
            switch state.logs[tenantID]?.take(batch, after: page.start, epoch: page.head.epoch) {
            case .taken:
                Instruments.eventsPublished.increment(by: batch.events.count)
                return (true, ended + state.post(.events(batch), tenantID: tenantID), isNews)
            case .known: return (true, ended, isNews)
            case .unfitting, nil: return (false, ended, isNews)
            }
        }
        call(calls)
        if areTextsUnknown { askForLookup(tenantID) }
        return isPublished
    }

    /// Calls `listener` from now on when a log begins to be followed, or a text begins whose task must be looked up.
    func listenForLookups(_ listener: @escaping @Sendable (_ tenantID: String) -> Void) {
        lookupListener.withLock { $0 = LookupListener(call: listener) }
    }

    func askForLookup(_ tenantID: String) {
        lookupListener.withLock { $0 }?.call(tenantID)
    }

    /// A function in a value of its own: one that is kept in a generic container by itself gets another wrapper each time that
    /// it is read from there in place, and calls them all.
    private struct LookupListener: Sendable {
        let call: @Sendable (_ tenantID: String) -> Void
    }

    /// Publishes a piece of text, or forgets a text that is no longer in progress.
    package func publish(_ event: LiveTextEvent) {
        switch event {
        case .ended(let tenantID, _, let textID, let run):
            state.withLock { $0.texts.end(tenantID: tenantID, textID: textID, run: run) }
        case .delta(let delta):
            let posted = state.withLock { $0.post(delta) }
            call(posted.calls)
            if posted.isUnknown { askForLookup(delta.tenantID) }
        }
    }

    /// Replaces a tenant's log by another one; every subscriber gets a `reset`.
    package func reset(to head: LogHead, _ reason: ResetReason) {
        let calls: [Int] = state.withLock { state in
            guard let old = state.logs[head.tenantID] else { return [] }
            var log = TenantLog(head: head, loops: loops.count, configuration: configuration)
            log.followers = old.followers
            log.subscribersByLoop = old.subscribersByLoop
            log.idleSince = old.idleSince
            if log.privacy != old.privacy { state.texts.forgetTasks(tenantID: head.tenantID) }
            state.logs[head.tenantID] = log
            return state.post(.reset(tenantID: head.tenantID, reason), tenantID: head.tenantID)
        }
        call(calls)
    }

    /// The tasks of texts in progress that have not been looked up.
    func unknownTasks(tenantID: String) -> Set<UUID> {
        state.withLock { $0.texts.unknownTasks(tenantID: tenantID) }
    }

    /// Adds tasks that were looked up. The streams whose filter they pass get the whole of their texts.
    /// - Parameter privacy: what was known of the tenant's before the look-up; nil: it was not followed.
    /// - Returns: false when that has changed meanwhile, so that the tasks must be looked up again.
    func learn(_ tasks: [TaskFacts], tenantID: String, privacy: Int64?) -> Bool {
        let (isLearnt, calls): (Bool, [Int]) = state.withLock { state in
            guard state.logs[tenantID]?.privacy == privacy else { return (false, []) }
            var calls: [Int] = []
            let changes = state.logs[tenantID]?.rowChanges ?? RowChanges()
            for task in tasks {
                for whole in state.texts.learn(task, tenantID: tenantID, changes: changes) {
                    calls += state.post(.text(whole), tenantID: tenantID)
                }
            }
            return (true, calls)
        }
        call(calls)
        return isLearnt
    }
}

extension Hub {
    /// Counts one more stream, unless that would exceed a limit. Each nil needs a `release`.
    /// - Parameter tenantLimit: the tenant's own; nil for that of the configuration.
    /// - Returns: the limit that is reached.
    package func admit(_ reader: StreamReader, tenantLimit: Int? = nil) -> StreamLimit? {
        let limit: StreamLimit? = state.withLock { state in
            guard !state.isDraining, state.streams.total < configuration.maxStreams else { return .node }
            return state.streams.add(
                reader, tenantLimit: tenantLimit ?? configuration.maxTenantStreams, userLimit: configuration.maxUserStreams)
        }
        if let limit { Instruments.streamsRefused[limit.rawValue].increment() } else { Instruments.streamsOpened.increment() }
        return limit
    }

    /// Whether the node is shutting down.
    package var isDraining: Bool { state.withLock { $0.isDraining } }

    package func release(_ reader: StreamReader) {
        state.withLock { $0.streams.remove(reader) }
    }

    /// How long a browser waits before it connects again: drawn for each, so that they do not return all at once.
    package var jitteredRetry: Duration {
        .milliseconds(Int64.random(in: 1000...3000))
    }

    /// The same, for a node that has no capacity now.
    package var jitteredRetryWhenOverloaded: Duration {
        .milliseconds(Int64.random(in: 5000...15000))
    }
}

/// The user whose stream it is.
package struct StreamReader: Sendable, Hashable {
    package let tenantID: String
    package let userID: String

    package init(tenantID: String, userID: String) {
        self.tenantID = tenantID
        self.userID = userID
    }
}

/// The limit of streams that is reached; thrown where it refuses a stream.
package enum StreamLimit: String, Error, Hashable {
    case node, tenant, user
}

/// How many streams are open on a node.
struct StreamCounts: Sendable {
    private(set) var total = 0
    private var byTenant: [String: Int] = [:]
    private var byReader: [StreamReader: Int] = [:]

    /// Counts one more, unless its tenant or its user has reached its limit.
    mutating func add(_ reader: StreamReader, tenantLimit: Int, userLimit: Int) -> StreamLimit? {
        if byTenant[reader.tenantID, default: 0] >= tenantLimit { return .tenant }
        if byReader[reader, default: 0] >= userLimit { return .user }
        total += 1
        byTenant[reader.tenantID, default: 0] += 1
        byReader[reader, default: 0] += 1
        return nil
    }

    mutating func remove(_ reader: StreamReader) {
        total -= 1
        Self.decrement(&byTenant[reader.tenantID])
        Self.decrement(&byReader[reader])
    }

    private static func decrement(_ count: inout Int?) {
        guard let old = count else { return }
        count = old > 1 ? old - 1 : nil
    }
}

/// On graceful shutdown the hub ends its streams, spread over the drain time, and admits no new ones.
///
/// In a service group it comes after the HTTP server, so that it is stopped first: the server waits for open streams.
extension Hub: Service {
    package func run() async throws {
        try? await gracefulShutdown()
        state.withLock { $0.isDraining = true }
        let time = configuration.drainTime
        for (eventLoop, subscribers) in zip(eventLoops, loops) {
            eventLoop.execute { subscribers.value.drain(over: time) }
        }
        let deadline = ContinuousClock.now + time + .seconds(1)
        while streamCount > 0, ContinuousClock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        for (eventLoop, subscribers) in zip(eventLoops, loops) {
            eventLoop.execute { subscribers.value.dropAll() }
        }
    }
}

/// Runs tasks on an event loop, so that serving a connection wakes no other thread for each part of a request.
package final class EventLoopExecutor: TaskExecutor {
    package let eventLoop: any EventLoop

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
