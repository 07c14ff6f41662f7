import DequeModule
import NIOCore
package import Store
import Synchronization
package import Workflow

/// What a hub knows of a tenant's log while it is followed.
struct TenantLog: Sendable {
    let epoch: String
    /// Everything up to here has been put into the mailboxes.
    var published: Int64
    /// The position of the log's head when it was last read.
    var head: Int64
    var ring: EventRing
    /// `LogHead.privacy` as of which the facts of the ring are.
    var privacy: Int64
    /// What the texts of other nodes are checked against.
    var rowChanges = RowChanges()
    var followers = 0
    /// How many subscribers each loop has. A loop without any gets no mail.
    var subscribersByLoop: [Int]
    /// When the last follower left.
    var idleSince: ContinuousClock.Instant?

    init(head: LogHead, loops: Int, configuration: HubConfiguration) {
        epoch = head.epoch
        published = head.position
        self.head = head.position
        privacy = head.privacy
        ring = EventRing(
            start: head.position, maxBytes: configuration.ringBytes, maxCount: configuration.ringCount)
        subscribersByLoop = Array(repeating: 0, count: loops)
    }
}

extension TenantLog {
    enum Continuation {
        case taken
        /// The batch was published before.
        case known
        /// There is a gap before the batch, or it belongs to another epoch.
        case unfitting
    }

    /// Adds a batch that begins after `start`, if it continues the log. Mutates in place: a copy would copy the ring.
    mutating func take(_ batch: EventBatch, after start: Int64, epoch: String) -> Continuation {
        guard epoch == self.epoch else { return .unfitting }
        guard published == start, batch.through > start else { return published >= batch.through ? .known : .unfitting }
        published = batch.through
        head = batch.head
        ring.append(batch.events)
        rowChanges.add(batch.events)
        return .taken
    }
}

/// The latest events of a tenant, for readers that return after a short while.
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

    /// Appends the next events; the oldest ones are dropped when the ring is full.
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

    /// Forgets the events up to a position.
    mutating func removeAll(through position: Int64) {
        events.removeAll()
        bytes = 0
        start = max(start, position)
    }

    /// The events after a position that pass the filter, about `maxBytes` of them. `through` is the last one's position
    /// when there are more, otherwise `published`. Nil when the ring begins after the position.
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

/// An event with its frame, made once and shared by the ring, the groups and the subscribers.
package final class PublishedEvent: Sendable {
    package let position: Int64
    package let type: String
    package let task: TaskFacts
    /// The status that a `task_updated` carries; nil on every other event.
    package let taskStatus: String?
    /// With whole rows.
    package let frame: Frame
    /// The frames of other views, each made when it is first needed.
    private let views = Mutex<[RowView: Frame]>([:])

    package init(_ row: EventRow, epoch: String) {
        position = row.position
        type = row.type
        task = row.task
        taskStatus = row.taskStatus
        frame = Frame(
            cursor: Cursor(epoch: epoch, position: row.position), event: Self.oneLine(row.type), data: row.data.bytes)
    }

    package func frame(_ view: RowView) -> Frame {
        guard view != .whole else { return frame }
        if let known = views.withLock({ $0[view] }) { return known }
        let made = frame.showing(view)
        views.withLock { $0[view] = made }
        return made
    }

    /// A type that was written into the table by hand must not break the frame.
    private static func oneLine(_ type: String) -> String {
        guard type.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 >= 0x80 }) else { return type }
        return String(type.map { $0.isNewline ? " " : $0 })
    }
}

/// Consecutive events of a tenant that were published together.
package final class EventBatch: Sendable {
    package let tenantID: String
    package let events: [PublishedEvent]
    package let accessChanges: [AccessChange]
    /// With this batch everything up to here is published.
    package let through: Int64
    /// The position of the log's head when the events were read. Every transaction with an event in the batch ends at or
    /// below it.
    package let head: Int64

    package init(
        tenantID: String, events: [PublishedEvent], accessChanges: [AccessChange] = [], through: Int64, head: Int64
    ) {
        self.tenantID = tenantID
        self.events = events
        self.accessChanges = accessChanges
        self.through = through
        self.head = head
    }
}

extension Hub {
    /// Feeds a tenant's log from `head` or earlier on. Each call needs an `unfollow`.
    package func follow(_ head: LogHead) {
        let isNew = state.withLock { state in
            let known = state.logs[head.tenantID]
            var log = known ?? TenantLog(head: head, loops: loops.count, configuration: configuration)
            log.followers += 1
            log.idleSince = nil
            state.logs[head.tenantID] = log
            return known == nil
        }
        // While the log was not followed, no task was looked up. And a notification may have come since the head was read.
        if isNew { askForLookup(head.tenantID) }
    }

    package func unfollow(tenantID: String) {
        state.withLock { state in
            guard let followers = state.logs[tenantID]?.followers else { return }
            state.logs[tenantID]?.followers = followers - 1
            if followers == 1 { state.logs[tenantID]?.idleSince = .now }
        }
    }

    /// The position of each followed log. Forgets the logs that have had no follower for `linger`.
    func followedLogs() -> [String: LogHead] {
        state.withLock { state in
            let forgotten = ContinuousClock.now - configuration.linger
            state.logs = state.logs.filter { $0.value.idleSince.map { $0 > forgotten } ?? true }
            return state.logs.reduce(into: [:]) { heads, log in
                heads[log.key] = LogHead(
                    tenantID: log.key, epoch: log.value.epoch, position: log.value.published, pruned: 0,
                    privacy: log.value.privacy)
            }
        }
    }

    /// The epoch and the position of what was published of each followed log.
    package var publishedPositions: [String: Cursor] {
        state.withLock { $0.logs.mapValues { Cursor(epoch: $0.epoch, position: $0.published) } }
    }

    func isFollowed(tenantID: String) -> Bool {
        state.withLock { $0.logs[tenantID] != nil }
    }

    func followedLog(tenantID: String) -> LogHead? {
        state.withLock { state in
            state.logs[tenantID].map {
                LogHead(
                    tenantID: tenantID, epoch: $0.epoch, position: $0.published, pruned: 0, privacy: $0.privacy)
            }
        }
    }

    /// Recent events after a position; nil when they must be read from the table.
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
