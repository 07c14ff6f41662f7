import DequeModule
import Glibc
import NIOCore
import Synchronization
import Workflow

/// The rooms of every tenant on one event loop, and the loop's side of publishing.
final class LoopRooms {
    let index: Int
    let eventLoop: any EventLoop
    private var tenants: [String: TenantRooms] = [:]
    private var wheel: HeartbeatWheel
    private var isWheelTurning = false
    /// Rooms that have something to write.
    private var queue = Deque<Room>()
    private var isTurnScheduled = false

    /// Subscribers that one turn of the loop writes to, at a few microseconds each.
    private static let writesPerTurn = 64
    /// A round with fewer bytes leaves the processor to others between its slices.
    private static let lightBytes = 2048

    init(index: Int, eventLoop: any EventLoop, configuration: HubConfiguration) {
        self.index = index
        self.eventLoop = eventLoop
        wheel = HeartbeatWheel(interval: configuration.heartbeat)
    }

    func takeMail(from hub: Hub) {
        gather(hub.state.withLock { $0.mailboxes[index].takeAll() })
    }

    /// Takes the mail and answers the texts in progress that a subscriber follows, both as of one moment.
    func takeMailAndTexts(for subscriber: Subscriber) -> [TextDelta] {
        let (mail, texts) = subscriber.hub.state.withLock { state in
            (
                state.mailboxes[index].takeAll(),
                state.wholes(tenantID: subscriber.request.tenantID, filter: subscriber.request.filter)
            )
        }
        gather(mail)
        // Pieces that these texts hold already, or of texts that are over, are not for this subscriber.
        if let room = subscriber.room, room.hasGatheredText { writeAll(room) }
        return texts
    }

    /// Puts a subscriber into its room; answers the position after which everything will be offered to it. Nil when
    /// the tenant's log is not followed in the subscriber's epoch.
    func join(_ subscriber: Subscriber) -> Int64? {
        let tenantID = subscriber.request.tenantID
        let (mail, published): ([Delivery], Int64?) = subscriber.hub.state.withLock { state in
            let mail = state.mailboxes[index].takeAll()
            guard let log = state.logs[tenantID], log.epoch == subscriber.epoch else { return (mail, nil) }
            state.logs[tenantID]?.subscribersByLoop[index] += 1
            return (mail, log.published)
        }
        gather(mail)
        guard let published else { return nil }
        let rooms = tenants[tenantID] ?? TenantRooms(epoch: subscriber.epoch, through: published)
        tenants[tenantID] = rooms
        rooms.insert(subscriber)
        if subscriber.wheelSlot == nil { wheel.insert(subscriber) }
        turnWheel()
        return published
    }

    func leave(_ subscriber: Subscriber) {
        wheel.remove(subscriber)
        guard subscriber.room != nil else { return }
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

    /// Ends every stream cleanly, evenly over a time.
    func drain(over time: Duration) {
        let subscribers = tenants.values.flatMap(\.subscribers)
        for (number, subscriber) in subscribers.enumerated() {
            let delay = time * (Double(number) / Double(subscribers.count))
            let bound = NIOLoopBound(subscriber, eventLoop: eventLoop)
            eventLoop.scheduleTask(in: TimeAmount(delay)) { bound.value.finish(.finished) }
        }
    }

    /// Drops every connection.
    func dropAll() {
        for subscriber in tenants.values.flatMap(\.subscribers) { subscriber.cutOff() }
    }

    /// Gives the mail to the rooms; they write it in the loop's next turns.
    private func gather(_ mail: [Delivery]) {
        for delivery in mail {
            switch delivery {
            case .events(let batch): tenants[batch.tenantID]?.gather(batch, enqueue)
            case .text(let delta): tenants[delta.tenantID]?.gather(delta, enqueue)
            case .reset(let tenantID, let reason):
                guard let tenant = tenants[tenantID] else { continue }
                for room in tenant.all { writeAll(room) }
                for subscriber in tenant.subscribers { subscriber.finish(.reset(reason)) }
            }
        }
        if !queue.isEmpty { scheduleTurn() }
    }

    private func enqueue(_ room: Room) {
        guard !room.isQueued else { return }
        room.isQueued = true
        queue.append(room)
    }

    private func scheduleTurn() {
        guard !isTurnScheduled else { return }
        isTurnScheduled = true
        let rooms = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            rooms.value.isTurnScheduled = false
            rooms.value.takeTurn()
        }
    }

    /// Writes to some subscribers and lets the loop do other work before the next: requests and new connections do
    /// not wait for a whole fan-out. Rooms take turns too.
    private func takeTurn() {
        var budget = Self.writesPerTurn
        var isLight = true
        while budget > 0, let room = queue.popFirst() {
            budget -= max(1, room.write(atMost: budget))
            isLight = isLight && room.roundBytes < Self.lightBytes
            if room.isLevel {
                room.isQueued = false
                room.tenant.endStreams()
            } else {
                queue.append(room)
            }
        }
        guard !queue.isEmpty else { return }
        // Whoever commits what comes next may wait for this processor. With more in the next round each event costs less;
        // a round that carries much already shall be over soon.
        if isLight { sched_yield() }
        scheduleTurn()
    }

    private func writeAll(_ room: Room) {
        while !room.isLevel { _ = room.write(atMost: .max) }
        room.tenant.endStreams()
    }

    private func turnWheel() {
        guard !isWheelTurning else { return }
        isWheelTurning = true
        let rooms = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: wheel.tick) {
            rooms.value.isWheelTurning = false
            rooms.value.beat()
        }
    }

    /// Heartbeats for one slot of the wheel; the same bytes for everybody who is level with the same log.
    private func beat() {
        beat(wheel.next())
        if !wheel.isEmpty { turnWheel() }
    }

    func beat(_ subscribers: [Subscriber]) {
        var frames: [String: Frame] = [:]
        let comment = Frame.heartbeat(nil)
        for subscriber in subscribers {
            var frame = comment
            if subscriber.memberIndex != nil, let room = subscriber.room, room.isLevel {
                let tenantID = subscriber.request.tenantID
                frame =
                    frames[tenantID]
                    ?? .heartbeat(Cursor(epoch: room.tenant.epoch, position: room.tenant.through))
                frames[tenantID] = frame
            }
            subscriber.beat(frame)
        }
    }
}

/// What was published since a loop last looked; one hop brings all of it.
struct Mailbox: Sendable {
    private var deliveries: [Delivery] = []
    private var isLoopCalled = false
    /// Pieces of text are merged with earlier ones as far back as this.
    private static let mergeDepth = 32

    /// Adds a delivery; true when the loop must be called.
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
            guard earlier.outputID == delta.outputID else { continue }
            guard earlier.merge(delta) else { return false }
            deliveries[index] = .text(earlier)
            return true
        }
        return false
    }
}

/// What waits in a loop's mailbox.
enum Delivery: Sendable {
    case events(EventBatch)
    case text(TextDelta)
    /// The tenant's log is another one now: its subscribers start again.
    case reset(tenantID: String, ResetReason)
}

/// Spreads the heartbeats of a loop's subscribers over the interval: each tick is the turn of one slot.
struct HeartbeatWheel {
    private static let slotCount = 16
    private var slots: [[ObjectIdentifier: Subscriber]] = Array(repeating: [:], count: slotCount)
    private var hand = 0
    private(set) var count = 0
    /// Between two slots.
    let tick: TimeAmount

    init(interval: Duration) {
        tick = TimeAmount(interval / Self.slotCount)
    }

    var isEmpty: Bool { count == 0 }

    /// Its first heartbeat comes after one whole turn.
    mutating func insert(_ subscriber: Subscriber) {
        let slot = (hand + Self.slotCount - 1) % Self.slotCount
        subscriber.wheelSlot = slot
        slots[slot][ObjectIdentifier(subscriber)] = subscriber
        count += 1
    }

    mutating func remove(_ subscriber: Subscriber) {
        guard let slot = subscriber.wheelSlot else { return }
        subscriber.wheelSlot = nil
        slots[slot][ObjectIdentifier(subscriber)] = nil
        count -= 1
    }

    /// Those whose turn it is now.
    mutating func next() -> [Subscriber] {
        defer { hand = (hand + 1) % Self.slotCount }
        return Array(slots[hand].values)
    }
}
