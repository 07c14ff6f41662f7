import DequeModule
import NIOCore

/// The latest events of a tenant, for readers that come back after a short while.
package struct EventRing: Sendable {
    private var events = Deque<PublishedEvent>()
    private var bytes = 0
    /// Every event after this position is in the ring.
    package private(set) var start: Int64
    private let maxBytes: Int
    private let maxCount: Int

    package init(start: Int64, maxBytes: Int, maxCount: Int) {
        self.start = start
        self.maxBytes = maxBytes
        self.maxCount = maxCount
    }

    /// Adds the events that follow those in the ring; the oldest leave when it is full.
    package mutating func append(_ newEvents: [PublishedEvent]) {
        for event in newEvents {
            events.append(event)
            bytes += event.frame.chunk.readableBytes
        }
        while bytes > maxBytes || events.count > maxCount, let oldest = events.popFirst() {
            bytes -= oldest.frame.chunk.readableBytes
            start = oldest.position
        }
    }

    /// The events after a position that pass the filter, about `maxBytes` of them, and how far they reach: to the last
    /// of them when there are more, else to `published`. Nil when the ring begins later than that.
    package func page(
        after position: Int64, filter: StreamFilter, maxBytes: Int, published: Int64
    ) -> (events: [PublishedEvent], through: Int64)? {
        guard position >= start else { return nil }
        var page: [PublishedEvent] = []
        var size = 0
        for event in events[firstIndex(after: position)...] where filter.matches(event) {
            if size >= maxBytes, let last = page.last { return (page, last.position) }
            page.append(event)
            size += event.frame.chunk.readableBytes
        }
        return (page, max(position, published))
    }

    private func firstIndex(after position: Int64) -> Int {
        var low = events.startIndex
        var high = events.endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if events[middle].position <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
