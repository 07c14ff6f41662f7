/// How much one page of events may hold; a single event may be larger than `bytes` and is then a page of its own.
package struct EventPageLimit: Sendable, Hashable {
    package var count: Int
    /// Of payload, before the event's other members are added.
    package var bytes: Int

    package init(count: Int = 500, bytes: Int = 262_144) {
        self.count = count
        self.bytes = bytes
    }
}
