import Foundation
import Store

/// The rooms of a tenant on one event loop.
final class TenantRooms {
    private var rooms: [RoomKey: Room] = [:]
    private var index = RoomIndex()
    private var dirty: [Room] = []
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

    var subscribers: [Subscriber] { rooms.values.flatMap { $0.members + $0.joining } }

    func gather(_ batch: EventBatch) {
        for event in batch.events {
            index.forEachRoom(of: event.task) { room in
                if room.key.filter.matches(type: event.type), room.gather(.event(event)) { dirty.append(room) }
                if let status = event.taskStatus {
                    ending += room.saw(event, status: status, head: batch.head)
                }
            }
        }
        through = max(through, batch.through)
    }

    func gather(_ delta: TextDelta) {
        var frame: Frame?
        index.forEachRoom(of: delta.facts) { room in
            guard room.key.filter.matches(type: StreamFilter.deltaType) else { return }
            let shared = frame ?? delta.frame
            frame = shared
            if room.gather(.text(shared)) { dirty.append(room) }
        }
    }

    /// Writes what has gathered, then ends the streams that have sent everything.
    func flush() {
        let rooms = dirty
        dirty.removeAll(keepingCapacity: true)
        for room in rooms { room.flush(through: through) }
        guard !ending.isEmpty else { return }
        let candidates = ending
        ending = []
        for subscriber in candidates {
            subscriber.finishIfTaskEnded(through: through)
            keepIfEnding(subscriber)
        }
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
        if subscriber.machine.isLevel(with: through) { subscriber.room?.promote(subscriber) }
        subscriber.finishIfTaskEnded(through: through)
        keepIfEnding(subscriber)
    }

    private func keepIfEnding(_ subscriber: Subscriber) {
        guard !subscriber.isOver, !subscriber.machine.isReplaying, subscriber.taskEnd?.isInSight == true,
            !ending.contains(where: { $0 === subscriber })
        else { return }
        ending.append(subscriber)
    }

    private func makeRoom(_ key: RoomKey) -> Room {
        let room = Room(key: key)
        rooms[key] = room
        index.insert(room)
        return room
    }
}
