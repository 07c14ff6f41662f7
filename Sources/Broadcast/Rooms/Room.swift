import NIOCore

/// The subscribers of one event loop that get the same bytes.
///
/// What gathers is written in rounds: one buffer, to everybody who is a member when the round begins, some members a
/// turn of the loop. What comes meanwhile gathers for the next round.
final class Room {
    enum Item {
        case event(PublishedEvent)
        case text(Frame)

        var frame: Frame {
            switch self {
            case .event(let event): event.frame
            case .text(let frame): frame
            }
        }
    }

    private struct Round {
        let bytes: ByteBuffer
        let members: [Subscriber]
        var next = 0
    }

    let key: RoomKey
    let tenant: TenantRooms
    /// Those who share one buffer: each has got everything that was written before the current round.
    private(set) var members: [Subscriber] = []
    /// Those who replay, or are ahead of what the room has begun to write.
    private(set) var joining: [Subscriber] = []
    private var gathered: [Item] = []
    private var round: Round?
    /// Whether the loop knows that there is something to write.
    var isQueued = false

    init(key: RoomKey, tenant: TenantRooms) {
        self.key = key
        self.tenant = tenant
    }

    var isEmpty: Bool { members.isEmpty && joining.isEmpty }

    /// Whether its members have got everything.
    var isLevel: Bool { gathered.isEmpty && round == nil }

    /// What the current round writes to each member.
    var roundBytes: Int { round?.bytes.readableBytes ?? 0 }

    var hasGatheredText: Bool {
        gathered.contains { if case .text = $0 { true } else { false } }
    }

    /// Adds to what the next round writes.
    func gather(_ item: Item) {
        gathered.append(item)
    }

    /// Tells the streams of a task what became of it.
    func saw(_ event: PublishedEvent, status: String, head: Int64) -> [Subscriber] {
        var ending: [Subscriber] = []
        for subscriber in members + joining where subscriber.taskEnd != nil {
            subscriber.taskEnd?.saw(status: status, at: event.position, head: head)
            if subscriber.taskEnd?.isInSight == true { ending.append(subscriber) }
        }
        return ending
    }

    /// Writes to at most so many members; answers to how many.
    func write(atMost count: Int) -> Int {
        beginRound()
        guard let round else { return 0 }
        let end = round.next + min(count, round.members.count - round.next)
        for member in round.members[round.next..<end] { member.send(round.bytes) }
        if end == round.members.count { self.round = nil } else { self.round?.next = end }
        return end - round.next
    }

    func insert(_ subscriber: Subscriber) {
        joining.append(subscriber)
    }

    /// Lets a subscriber that has everything up to where the room is share the members' bytes from now on. While
    /// something waits to be written that it may have already, it stays apart.
    func promote(_ subscriber: Subscriber) {
        guard gathered.isEmpty, subscriber.memberIndex == nil, subscriber.machine.isLevel(with: tenant.through) else {
            return
        }
        joining.removeAll { $0 === subscriber }
        subscriber.memberIndex = members.count
        members.append(subscriber)
    }

    func remove(_ subscriber: Subscriber) {
        guard let index = subscriber.memberIndex else { return joining.removeAll { $0 === subscriber } }
        subscriber.memberIndex = nil
        members.swapAt(index, members.count - 1)
        members.removeLast()
        if index < members.count { members[index].memberIndex = index }
    }

    private func beginRound() {
        guard round == nil, !gathered.isEmpty else { return }
        let items = gathered
        gathered.removeAll(keepingCapacity: true)
        if !members.isEmpty { round = Round(bytes: Subscriber.bytes(of: items.map(\.frame), key.framing), members: members) }
        for subscriber in joining { offer(items, to: subscriber) }
    }

    private func offer(_ items: [Item], to subscriber: Subscriber) {
        let events = items.compactMap { if case .event(let event) = $0 { event } else { nil } }
        let fresh = subscriber.machine.offered(events, through: tenant.through)
        guard !subscriber.machine.isReplaying, !subscriber.isOver else { return }
        let first = fresh.first?.position ?? .max
        let frames = items.compactMap { item -> Frame? in
            if case .event(let event) = item, event.position < first { return nil }
            return item.frame
        }
        subscriber.send(Subscriber.bytes(of: frames, key.framing))
        if !subscriber.isOver { promote(subscriber) }
    }
}
