import Base
import DequeModule
import Glibc
import NIOCore
import Store
import Synchronization
import Workflow

/// The subscribers of one event loop, by tenant and group, and the loop's side of publishing.
final class LoopSubscribers {
    let index: Int
    let eventLoop: any EventLoop
    private var tenants: [String: TenantSubscribers] = [:]
    private var wheel: HeartbeatWheel
    private var isWheelTurning = false
    /// Groups that have something to write.
    private var queue = Deque<SubscriberGroup>()
    private var isTurnScheduled = false

    /// How many subscribers one turn of the loop writes to, at a few microseconds each.
    private static let writesPerTurn = 64
    /// Between the slices of a round with fewer bytes the thread yields the processor.
    private static let lightBytes = 2048

    init(index: Int, eventLoop: any EventLoop, configuration: HubConfiguration) {
        self.index = index
        self.eventLoop = eventLoop
        wheel = HeartbeatWheel(interval: configuration.heartbeat)
    }

    func takeMail(from hub: Hub) {
        gather(hub.state.withLock { $0.mailboxes[index].takeAll() })
    }

    /// Takes the mail and returns the texts in progress that pass the subscriber's filter, both as of one moment.
    func takeMailAndTexts(for subscriber: Subscriber) -> [TextDelta] {
        let (mail, texts) = subscriber.hub.state.withLock { state in
            (
                state.mailboxes[index].takeAll(),
                state.wholes(tenantID: subscriber.request.tenantID, filter: subscriber.request.filter)
            )
        }
        gather(mail)
        // Gathered pieces are in these texts already, or belong to texts that are over: the subscriber must not get them.
        if let group = subscriber.group, group.hasGatheredText { writeAll(group) }
        return texts
    }

    /// Puts a subscriber into its group.
    /// - Returns: the position after which everything will be offered to it, and what is known of the tenant's privacy; nil
    ///   when the tenant's log is not followed in the subscriber's epoch.
    func join(_ subscriber: Subscriber) -> (published: Int64, privacy: Int64)? {
        let tenantID = subscriber.request.tenantID
        let (mail, joined): ([Delivery], (published: Int64, privacy: Int64)?) = subscriber.hub.state.withLock { state in
            let mail = state.mailboxes[index].takeAll()
            guard let log = state.logs[tenantID], log.epoch == subscriber.epoch else { return (mail, nil) }
            state.logs[tenantID]?.subscribersByLoop[index] += 1
            return (mail, (log.published, log.privacy))
        }
        gather(mail)
        guard let joined else { return nil }
        let published = joined.published
        let tenant = tenants[tenantID] ?? TenantSubscribers(epoch: subscriber.epoch, through: published)
        tenants[tenantID] = tenant
        tenant.insert(subscriber)
        if subscriber.wheelSlot == nil { wheel.insert(subscriber) }
        turnWheel()
        return joined
    }

    func leave(_ subscriber: Subscriber) {
        wheel.remove(subscriber)
        guard subscriber.group != nil else { return }
        let tenantID = subscriber.request.tenantID
        tenants[tenantID]?.remove(subscriber)
        if tenants[tenantID]?.isEmpty == true { tenants[tenantID] = nil }
        subscriber.hub.state.withLock { state in
            state.logs[tenantID]?.subscribersByLoop[index] -= 1
        }
    }

    func wentLive(_ subscriber: Subscriber) {
        tenants[subscriber.request.tenantID]?.wentLive(subscriber)
    }

    /// Ends every stream cleanly, spread evenly over a time.
    func drain(over time: Duration) {
        let subscribers = tenants.values.flatMap(\.subscribers)
        for (number, subscriber) in subscribers.enumerated() {
            let delay = time * (Double(number) / Double(subscribers.count))
            let bound = NIOLoopBound(subscriber, eventLoop: eventLoop)
            eventLoop.scheduleTask(in: TimeAmount(delay)) { bound.value.finish(.finished) }
        }
    }

    /// Ends a stream whose credential has ended. What was published before is written first, so that the cursor is exact.
    func expire(_ subscriber: Subscriber, _ end: CredentialEnd) {
        guard !subscriber.isOver else { return }
        if let group = subscriber.group, subscriber.memberIndex != nil { writeAll(group) }
        guard !subscriber.isOver else { return }
        subscriber.expire(end, through: subscriber.memberIndex != nil ? subscriber.group?.tenant.through : nil)
    }

    /// Drops every connection.
    func dropAll() {
        for subscriber in tenants.values.flatMap(\.subscribers) { subscriber.cutOff() }
    }

    /// Hands the mail to the groups, which write it in the loop's next turns.
    private func gather(_ mail: [Delivery]) {
        for delivery in mail {
            switch delivery {
            case .events(let batch):
                guard let tenant = tenants[batch.tenantID] else { continue }
                if !batch.accessChanges.isEmpty { hold(tenant, batch.accessChanges) }
                tenant.gather(batch, enqueue)
            case .text(let delta): tenants[delta.tenantID]?.gather(delta, enqueue)
            case .privacy(let tenantID): if let tenant = tenants[tenantID] { endRestricted(tenant) }
            case .reset(let tenantID, let reason):
                guard let tenant = tenants[tenantID] else { continue }
                for group in tenant.all { writeAll(group) }
                for subscriber in tenant.subscribers { subscriber.finish(.reset(reason)) }
            }
        }
        if !queue.isEmpty { scheduleTurn() }
    }

    /// Takes the streams that changes of access may affect out of the fan-out, before a batch with such changes is gathered.
    /// They go back to a replay, which waits for a look at their credentials; the others lose no time.
    private func hold(_ tenant: TenantSubscribers, _ changes: [AccessChange]) {
        for subscriber in tenant.subscribers where subscriber.isAffected(by: changes) {
            if let group = subscriber.group { writeAll(group) }
            subscriber.hold(sent: tenant.through)
        }
    }

    private func enqueue(_ group: SubscriberGroup) {
        guard !group.isQueued else { return }
        group.isQueued = true
        queue.append(group)
    }

    private func scheduleTurn() {
        guard !isTurnScheduled else { return }
        isTurnScheduled = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            bound.value.isTurnScheduled = false
            bound.value.takeTurn()
        }
    }

    /// Writes to some subscribers and leaves the rest to further turns, so that requests and new connections do not wait
    /// for a whole fan-out. Groups take turns too.
    private func takeTurn() {
        var budget = Self.writesPerTurn
        var isLight = true
        while budget > 0, let group = queue.popFirst() {
            budget -= max(1, group.write(atMost: budget))
            isLight = isLight && group.roundBytes < Self.lightBytes
            if group.isLevel {
                group.isQueued = false
                group.tenant.endStreams()
            } else {
                queue.append(group)
            }
        }
        guard !queue.isEmpty else { return }
        // The commit of the next events may wait for this processor, and with more events in a round each costs less. A
        // round that carries many bytes already is not delayed.
        if isLight { sched_yield() }
        scheduleTurn()
    }

    private func writeAll(_ group: SubscriberGroup) {
        while !group.isLevel { _ = group.write(atMost: .max) }
        group.tenant.endStreams()
    }

    private func turnWheel() {
        guard !isWheelTurning else { return }
        isWheelTurning = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: wheel.tick) {
            bound.value.isWheelTurning = false
            bound.value.beat()
        }
    }

    /// Sends the heartbeats of one slot of the wheel.
    private func beat() {
        beat(wheel.next())
        if !wheel.isEmpty { turnWheel() }
    }

    /// Sends heartbeats. Subscribers that are level with the same log, and have not got its cursor, share the bytes that carry
    /// it.
    func beat(_ subscribers: [Subscriber]) {
        var frames: [String: Frame] = [:]
        let comment = Frame.heartbeat(nil)
        for subscriber in subscribers {
            var frame = comment
            if subscriber.memberIndex != nil, let group = subscriber.group, group.isLevel,
                subscriber.needsCursor(at: group.tenant.through), subscriber.output.isWritable
            {
                subscriber.named(group.tenant.through)
                let tenantID = subscriber.request.tenantID
                frame =
                    frames[tenantID]
                    ?? .heartbeat(Cursor(epoch: group.tenant.epoch, position: group.tenant.through))
                frames[tenantID] = frame
            }
            subscriber.beat(frame)
        }
    }
}

/// What was published since a loop last took its mail.
struct Mailbox: Sendable {
    private var deliveries: [Delivery] = []
    private var isLoopCalled = false
    /// A piece of text is merged into one of so many latest deliveries.
    private static let mergeDepth = 32

    /// Adds a delivery.
    /// - Returns: whether the loop must be called.
    mutating func put(_ delivery: Delivery) -> Bool {
        if case .text(let delta) = delivery, merge(delta) { return false }
        deliveries.append(delivery)
        defer { isLoopCalled = true }
        return !isLoopCalled
    }

    mutating func takeAll() -> [Delivery] {
        isLoopCalled = false
        defer { deliveries = [] }
        return deliveries
    }

    private mutating func merge(_ delta: TextDelta) -> Bool {
        for index in deliveries.indices.suffix(Self.mergeDepth).reversed() {
            guard case .text(var earlier) = deliveries[index] else { return false }
            guard earlier.subject.id == delta.subject.id else { continue }
            guard earlier.merge(delta) else { return false }
            deliveries[index] = .text(earlier)
            return true
        }
        return false
    }
}

/// What a mailbox holds.
enum Delivery: Sendable {
    case events(EventBatch)
    case text(TextDelta)
    /// A workflow has become public or private.
    case privacy(tenantID: String)
    /// The tenant's log was replaced: its subscribers start again.
    case reset(tenantID: String, ResetReason)
}
