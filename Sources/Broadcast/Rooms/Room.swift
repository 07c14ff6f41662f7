import NIOCore

/// The subscribers of one event loop that get the same bytes.
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

    let key: RoomKey
    /// Those who have seen everything and share one buffer.
    private(set) var members: [Subscriber] = []
    /// Those who replay, or are ahead of what the hub has published.
    private(set) var joining: [Subscriber] = []
    /// What has gathered since the loop's last turn.
    private var gathered: [Item] = []

    init(key: RoomKey) {
        self.key = key
    }

    var isEmpty: Bool { members.isEmpty && joining.isEmpty }

    /// Adds to what the next flush sends; true when nothing had gathered yet.
    func gather(_ item: Item) -> Bool {
        gathered.append(item)
        return gathered.count == 1
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

    /// Writes what has gathered, as one buffer for all members. `through` is where the log stands with it.
    func flush(through: Int64) {
        let items = gathered
        gathered.removeAll(keepingCapacity: true)
        guard !items.isEmpty else { return }
        if !members.isEmpty {
            let bytes = Subscriber.bytes(of: items.map(\.frame), key.framing)
            for member in members { member.send(bytes) }
        }
        if !joining.isEmpty { offer(items, through: through) }
    }

    func insert(_ subscriber: Subscriber) {
        joining.append(subscriber)
    }

    /// Lets a subscriber share the members' bytes from now on.
    func promote(_ subscriber: Subscriber) {
        guard subscriber.memberIndex == nil else { return }
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

    private func offer(_ items: [Item], through: Int64) {
        let events = items.compactMap { if case .event(let event) = $0 { event } else { nil } }
        for subscriber in joining {
            let fresh = subscriber.machine.offered(events, through: through)
            guard !subscriber.machine.isReplaying, !subscriber.isOver else { continue }
            let first = fresh.first?.position ?? .max
            let frames = items.compactMap { item -> Frame? in
                if case .event(let event) = item, event.position < first { return nil }
                return item.frame
            }
            subscriber.send(Subscriber.bytes(of: frames, key.framing))
            if !subscriber.isOver, subscriber.machine.isLevel(with: through) { promote(subscriber) }
        }
    }
}
