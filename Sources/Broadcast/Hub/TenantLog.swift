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
