import DequeModule
import Foundation
import NIOCore
package import Store
import Synchronization
import Workflow

/// What a hub knows of a tenant's log while somebody follows it.
struct TenantLog: Sendable {
    let epoch: String
    /// Everything up to here has been put into the mailboxes.
    var published: Int64
    /// Where the log stood when it was last read.
    var head: Int64
    var ring: EventRing
    /// What texts of other nodes are checked against.
    var outputChanges = OutputChanges()
    var followers = 0
    /// Subscribers on each loop; a loop without any gets nothing.
    var subscribersByLoop: [Int]
    /// When the last follower left.
    var idleSince: ContinuousClock.Instant?

    init(head: LogHead, loops: Int, configuration: HubConfiguration) {
        epoch = head.epoch
        published = head.position
        self.head = head.position
        ring = EventRing(
            start: head.position, maxBytes: configuration.ringBytes, maxCount: configuration.ringCount)
        subscribersByLoop = Array(repeating: 0, count: loops)
    }
}

extension TenantLog {
    enum Continuation {
        case taken
        /// It was published before.
        case known
        /// There is a gap, or it is another log's.
        case unfitting
    }

    /// Adds a batch that begins after `start`, if it continues the log. In place: a copy of the log would copy its ring.
    mutating func take(_ batch: EventBatch, after start: Int64, epoch: String) -> Continuation {
        guard epoch == self.epoch else { return .unfitting }
        guard published == start, batch.through > start else { return published >= batch.through ? .known : .unfitting }
        published = batch.through
        head = batch.head
        ring.append(batch.events)
        outputChanges.add(batch.events)
        return .taken
    }
}

/// The latest events of a tenant, for readers that come back after a short while.
package struct EventRing: Sendable {
    private var events = Deque<PublishedEvent>()
    private var bytes = 0
    /// Every event after this position is in the ring.
    package private(set) var start: Int64
    private let maxBytes: Int
    private let maxCount: Int

    package init(start: Int64, maxBytes: Int, maxCount: Int) {
        self.start = start
        self.maxBytes = maxBytes
        self.maxCount = maxCount
    }

    /// Adds the events that follow those in the ring; the oldest leave when it is full.
    package mutating func append(_ newEvents: [PublishedEvent]) {
        for event in newEvents {
            events.append(event)
            bytes += event.frame.chunk.readableBytes
        }
        while bytes > maxBytes || events.count > maxCount, let oldest = events.popFirst() {
            bytes -= oldest.frame.chunk.readableBytes
            start = oldest.position
        }
    }

    /// The events after a position that pass the filter, about `maxBytes` of them, and how far they reach: to the last
    /// of them when there are more, else to `published`. Nil when the ring begins later than that.
    package func page(
        after position: Int64, filter: StreamFilter, maxBytes: Int, published: Int64
    ) -> (events: [PublishedEvent], through: Int64)? {
        guard position >= start else { return nil }
        var page: [PublishedEvent] = []
        var size = 0
        for event in events[firstIndex(after: position)...] where filter.matches(event) {
            if size >= maxBytes, let last = page.last { return (page, last.position) }
            page.append(event)
            size += event.frame.chunk.readableBytes
        }
        return (page, max(position, published))
    }

    private func firstIndex(after position: Int64) -> Int {
        var low = events.startIndex
        var high = events.endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if events[middle].position <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// An event with its frame: made once, shared by the ring, the rooms and the subscribers.
package final class PublishedEvent: Sendable {
    package let position: Int64
    package let type: String
    package let task: TaskFacts
    /// The status that a `task_updated` carries; nil on every other event.
    package let taskStatus: String?
    package let frame: Frame

    package init(_ row: EventRow, epoch: String) {
        position = row.position
        type = row.type
        task = row.task
        taskStatus = row.taskStatus
        frame = Frame(
            cursor: Cursor(epoch: epoch, position: row.position), event: Self.oneLine(row.type), data: row.data.bytes)
    }

    /// A type that somebody wrote into the table by hand must not break the frame.
    private static func oneLine(_ type: String) -> String {
        guard type.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else { return type }
        return String(type.map { $0.isNewline ? " " : $0 })
    }
}

/// Consecutive events of a tenant, as they reach a hub at a time.
package final class EventBatch: Sendable {
    package let tenantID: String
    package let events: [PublishedEvent]
    /// Everything up to here has been published.
    package let through: Int64
    /// Where the log stood when the events were read: a transaction with an event in here lies wholly at or below it.
    package let head: Int64

    package init(tenantID: String, events: [PublishedEvent], through: Int64, head: Int64) {
        self.tenantID = tenantID
        self.events = events
        self.through = through
        self.head = head
    }
}

extension Hub {
    /// Keeps a tenant's log fed from now on, at the latest from `head`. Each call needs an `unfollow`.
    package func follow(_ head: LogHead) {
        let isNew = state.withLock { state in
            let known = state.logs[head.tenantID]
            var log =
                known
                ?? TenantLog(head: head, loops: loops.count, configuration: configuration)
            log.followers += 1
            log.idleSince = nil
            state.logs[head.tenantID] = log
            return known == nil
        }
        // Nobody looked up the tasks of texts that began while nobody followed the tenant, and a hint may have come
        // since the head was read.
        if isNew { lookupListener.withLock { $0 }?(head.tenantID) }
    }

    package func unfollow(tenantID: String) {
        state.withLock { state in
            guard let followers = state.logs[tenantID]?.followers else { return }
            state.logs[tenantID]?.followers = followers - 1
            if followers == 1 { state.logs[tenantID]?.idleSince = .now }
        }
    }

    /// Where each followed log stands; those that nobody has followed for a while are forgotten.
    func followedLogs() -> [String: LogHead] {
        state.withLock { state in
            let forgotten = ContinuousClock.now - configuration.linger
            state.logs = state.logs.filter { $0.value.idleSince.map { $0 > forgotten } ?? true }
            return state.logs.reduce(into: [:]) { heads, log in
                heads[log.key] = LogHead(
                    tenantID: log.key, epoch: log.value.epoch, position: log.value.published, pruned: 0)
            }
        }
    }

    func isFollowed(tenantID: String) -> Bool {
        state.withLock { $0.logs[tenantID] != nil }
    }

    func followedLog(tenantID: String) -> LogHead? {
        state.withLock { state in
            state.logs[tenantID].map {
                LogHead(tenantID: tenantID, epoch: $0.epoch, position: $0.published, pruned: 0)
            }
        }
    }

    /// Recent events after a position; nil when they must come from the table.
    func recentEvents(
        tenantID: String, epoch: String, after position: Int64, filter: StreamFilter
    ) -> (events: [PublishedEvent], through: Int64, head: Int64)? {
        state.withLock { state in
            guard let log = state.logs[tenantID], log.epoch == epoch else { return nil }
            return log.ring.page(
                after: position, filter: filter, maxBytes: configuration.replayBytes, published: log.published
            ).map { ($0.events, $0.through, log.head) }
        }
    }
}
