import Foundation
import Store

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
