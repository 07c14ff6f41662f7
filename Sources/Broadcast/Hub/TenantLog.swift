import Store

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
