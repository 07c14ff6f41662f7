/// How much one page of events may hold; a single event may be larger than `bytes` and is then a page of its own.
package struct EventPageLimit: Sendable, Hashable {
    package var count: Int
    /// Of payload, before the event's other members are added.
    package var bytes: Int

    package init(count: Int = 500, bytes: Int = 262_144) {
        self.count = count
        self.bytes = bytes
    }

    /// The limit for the page after one: where events are large, fewer rows are looked at that would not fit anyway.
    package func adjusted(to page: EventPage, most: Int = 500) -> EventPageLimit {
        guard !page.events.isEmpty else { return self }
        let average = page.events.reduce(0) { $0 + $1.data.bytes.count } / page.events.count
        return EventPageLimit(count: min(most, max(8, 2 * bytes / max(1, average))), bytes: bytes)
    }
}
