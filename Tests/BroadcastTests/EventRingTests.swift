import Base
import Testing
import Workflow

@testable import Broadcast

@Suite("The ring of recent events")
struct EventRingTests {
    @Test("pages hold just what the log holds, or nothing is promised", arguments: 0..<100)
    func pages(run: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var log: [PublishedEvent] = []
        var ring = EventRing(start: 0, maxBytes: 400 + Int(random.next(below: 2000)), maxCount: 30)
        for _ in 0..<40 {
            let batch = (0..<random.next(below: 5)).map { Samples.event(Int64(log.count) + 1 + Int64($0)) }
            log += batch
            ring.append(batch)
            let after = Int64(random.next(below: UInt64(log.count + 1)))
            let limit = Int(random.next(below: 500))
            let page = ring.page(after: after, filter: StreamFilter(), maxBytes: limit, published: Int64(log.count))
            guard let page else {
                #expect(after < ring.start, "seed \(seed)")
                continue
            }
            let expected = log.map(\.position).filter { $0 > after && $0 <= page.through }
            #expect(page.events.map(\.position) == expected, "seed \(seed)")
            #expect(page.through == Int64(log.count) || !page.events.isEmpty, "seed \(seed)")
        }
        #expect(ring.start >= Int64(log.count) - 30, "seed \(seed)")
    }

    @Test("a page of a filter reaches to the end when nothing more passes")
    func filtered() {
        var ring = EventRing(start: 10, maxBytes: 10_000, maxCount: 100)
        ring.append((11...20).map { Samples.event($0, type: $0 == 15 ? "custom.x" : "custom") })
        let page = ring.page(after: 10, filter: StreamFilter(types: ["custom.x"]), maxBytes: 1, published: 20)
        #expect(page?.events.map(\.position) == [15])
        #expect(page?.through == 20)
        #expect(ring.page(after: 9, filter: StreamFilter(), maxBytes: 1, published: 20) == nil)
    }
}
