import Foundation
import NIOCore
import Store

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

/// Subscribers with the same key get the same bytes.
struct RoomKey: Hashable {
    let filter: StreamFilter
    let framing: Framing
}

/// The rooms of a tenant on one event loop.
final class TenantRooms {
    private var rooms: [RoomKey: Room] = [:]
    private var index = RoomIndex()
    /// Streams whose task is terminal and that still have something to send.
    private var ending: [Subscriber] = []
    /// Everything up to here was given to the rooms.
    private(set) var through: Int64
    let epoch: String

    init(epoch: String, through: Int64) {
        self.epoch = epoch
        self.through = through
    }

    var isEmpty: Bool { rooms.isEmpty }

    var all: some Collection<Room> { rooms.values }

    var subscribers: [Subscriber] { rooms.values.flatMap { $0.members + $0.joining } }

    /// Gives events to the rooms that want them; calls `body` with each of these.
    func gather(_ batch: EventBatch, _ body: (Room) -> Void) {
        for event in batch.events {
            index.forEachRoom(of: event.task) { room in
                if room.key.filter.matches(type: event.type) {
                    room.gather(.event(event))
                    body(room)
                }
                if let status = event.taskStatus {
                    ending += room.saw(event, status: status, head: batch.head)
                }
            }
        }
        through = max(through, batch.through)
        endStreams()
    }

    func gather(_ delta: TextDelta, _ body: (Room) -> Void) {
        var frame: Frame?
        index.forEachRoom(of: delta.facts) { room in
            guard room.key.filter.matches(type: StreamFilter.deltaType) else { return }
            let shared = frame ?? delta.frame
            frame = shared
            room.gather(.text(shared))
            body(room)
        }
    }

    /// Ends the streams of terminal tasks that have got everything. To be called whenever a room has become level.
    func endStreams() {
        guard !ending.isEmpty else { return }
        let candidates = ending
        ending = []
        for subscriber in candidates { endOrKeep(subscriber) }
    }

    func insert(_ subscriber: Subscriber) {
        let key = RoomKey(filter: subscriber.request.filter, framing: subscriber.request.framing)
        let room = rooms[key] ?? makeRoom(key)
        subscriber.room = room
        room.insert(subscriber)
    }

    func remove(_ subscriber: Subscriber) {
        guard let room = subscriber.room else { return }
        subscriber.room = nil
        room.remove(subscriber)
        guard room.isEmpty else { return }
        rooms[room.key] = nil
        index.remove(room)
    }

    func wentLive(_ subscriber: Subscriber) {
        subscriber.room?.promote(subscriber)
        endOrKeep(subscriber)
    }

    private func endOrKeep(_ subscriber: Subscriber) {
        guard !subscriber.isOver, subscriber.taskEnd?.isInSight == true, let room = subscriber.room else { return }
        if room.isLevel { subscriber.finishIfTaskEnded(through: through) }
        guard !subscriber.isOver, !subscriber.machine.isReplaying, !ending.contains(where: { $0 === subscriber })
        else { return }
        ending.append(subscriber)
    }

    private func makeRoom(_ key: RoomKey) -> Room {
        let room = Room(key: key, tenant: self)
        rooms[key] = room
        index.insert(room)
        return room
    }
}

/// Finds the rooms of a tenant that an event may belong to, without asking every room.
///
/// A room stands under its narrowest condition; an event looks under each value that it has.
struct RoomIndex {
    private enum Bucket: Hashable {
        case task(UUID)
        case conversation(String)
        case user(String)
        case workspace(UUID)
        case workflow(String)
        case everything
    }

    private var buckets: [Bucket: [Room]] = [:]

    mutating func insert(_ room: Room) {
        for bucket in Self.buckets(of: room.key.filter) { buckets[bucket, default: []].append(room) }
    }

    mutating func remove(_ room: Room) {
        for bucket in Self.buckets(of: room.key.filter) {
            buckets[bucket]?.removeAll { $0 === room }
            if buckets[bucket]?.isEmpty == true { buckets[bucket] = nil }
        }
    }

    /// Calls `body` with each room whose filter passes the task, types aside.
    func forEachRoom(of task: TaskFacts, _ body: (Room) -> Void) {
        visit(.everything, task, body)
        visit(.task(task.taskID), task, body)
        if let conversation = task.conversationID { visit(.conversation(conversation), task, body) }
        if let user = task.userID { visit(.user(user), task, body) }
        if let workspace = task.workspaceID { visit(.workspace(workspace), task, body) }
        if let workflow = task.workflowName { visit(.workflow(workflow), task, body) }
    }

    private func visit(_ bucket: Bucket, _ task: TaskFacts, _ body: (Room) -> Void) {
        guard let rooms = buckets[bucket] else { return }
        for room in rooms where room.key.filter.matches(task) { body(room) }
    }

    private static func buckets(of filter: StreamFilter) -> [Bucket] {
        if !filter.taskIDs.isEmpty { return filter.taskIDs.map(Bucket.task) }
        if let conversation = filter.conversationID { return [.conversation(conversation)] }
        if let user = filter.userID { return [.user(user)] }
        if let workspace = filter.workspaceID { return [.workspace(workspace)] }
        if let workflow = filter.workflowName { return [.workflow(workflow)] }
        return [.everything]
    }
}
