import Foundation
import Postgres
import Synchronization
import Testing
import Workflow

@testable import Broadcast
@testable import Store

@Suite("Reads that are shared")
struct BatchedReadsTests {
    private struct Refused: Error, Equatable {}

    /// What was asked for, and when the first question may be answered.
    private final class Source: Sendable {
        let questions = Mutex<[Set<Int>]>([])
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (started, start) = AsyncStream.makeStream(of: Void.self)

        func answer(_ elements: [Int]) async throws -> [Int: String] {
            let isFirst = questions.withLock { questions in
                questions.append(Set(elements))
                return questions.count == 1
            }
            if isFirst {
                start.yield()
                for await _ in gate { break }
            }
            if elements.contains(13) { throw Refused() }
            return Dictionary(uniqueKeysWithValues: elements.filter { $0 < 100 }.map { ($0, "value \($0)") })
        }
    }

    @Test("whoever comes while a query runs shares the next one, and nobody gets an answer older than the question")
    func sharing() async throws {
        let source = Source()
        let reads = BatchedReads<String, Int, String> { _, elements in try await source.answer(elements) }
        async let first = reads.value(of: 1, in: "a")
        for await _ in source.started { break }
        // While the first question waits for its answer, a thousand others come.
        let answers = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for number in 0..<1000 {
                let element = number % 10 == 0 ? 200 : number % 10
                group.addTask { (element, try await reads.value(of: element, in: "a")) }
            }
            while reads.waiting(in: "a") < 1000 { await Task.yield() }
            source.open.yield()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(try await first == "value 1")
        for (element, value) in answers { #expect(value == (element < 100 ? "value \(element)" : nil)) }
        #expect(source.questions.withLock { $0 } == [[1], [200, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
    }

    @Test("an error reaches all who share the query, and nobody else")
    func errors() async throws {
        let source = Source()
        source.open.yield()
        let reads = BatchedReads<String, Int, String> { _, elements in try await source.answer(elements) }
        await #expect(throws: Refused.self) { _ = try await reads.value(of: 13, in: "a") }
        let later = try await reads.value(of: 2, in: "a")
        #expect(later == "value 2")
        let other = try await reads.value(of: 3, in: "b")
        #expect(other == "value 3")
    }

    @Test("streams that come back together with old cursors are served by a few queries")
    func replays() async throws {
        // No ring: everything is replayed from the table.
        try await HubFixture.with(configure: { $0.ringCount = 1 }) { fixture in
            let task = try await fixture.addTask()
            for _ in 0..<20 { try await fixture.addCustom(task) }
            let head = try await fixture.head()
            let origin = Cursor(epoch: head.epoch, position: 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let page = try await fixture.store.streamReads.eventPage(
                            tenantID: HubFixture.tenantID, .tasks([task]), after: origin.position, limit: EventPageLimit())
                        #expect(page?.events.last?.position == head.position)
                        let end = try await fixture.store.streamReads.taskLogEnd(HubFixture.scope, taskID: task)
                        #expect(end?.lastPosition == head.position)
                        let nobody = try await fixture.store.streamReads.taskLogEnd(HubFixture.scope, taskID: UUID())
                        #expect(nobody == nil)
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
