import NIOCore

/// Spreads the heartbeats of a loop's subscribers over the interval: each tick serves one slot.
struct HeartbeatWheel {
    private static let slotCount = 16
    private var slots: [[ObjectIdentifier: Subscriber]] = Array(repeating: [:], count: slotCount)
    private var hand = 0
    private(set) var count = 0
    /// The time between two slots.
    let tick: TimeAmount

    init(interval: Duration) {
        tick = TimeAmount(interval / Self.slotCount)
    }

    var isEmpty: Bool { count == 0 }

    /// Adds a subscriber whose first heartbeat comes after one whole turn.
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

    /// The subscribers of the next slot.
    mutating func next() -> [Subscriber] {
        defer { hand = (hand + 1) % Self.slotCount }
        return Array(slots[hand].values)
    }
}
