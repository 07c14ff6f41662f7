import Foundation
import Postgres
import Store
import TestSupport
import Testing

@testable import Broadcast

/// No node polls here: what arrives came by a notification.
@Suite("Notifications between nodes", .limit(minutes: 3))
struct NodeNotificationsTests {
    @Test("what one node commits reaches the streams of the others", arguments: [2, 3])
    func committed(count: Int) async throws {
        try await NodesFixture.with(count) { nodes in
            let task = try await nodes[0].addTask()
            let first = try await nodes[0].head()
            var streams: [TestStream] = []
            for node in nodes { streams.append(try await TestStream(node, after: first.cursor)) }
            var last = first.position
            for round in 0..<30 {
                try await nodes[round % count].addCustom(task, count: 1 + round % 3)
                last += Int64(1 + round % 3)
                for stream in streams { await stream.reaches(last) }
            }
            for stream in streams {
                #expect(stream.recording.events.compactMap(\.position) == Array((first.position + 1)...last))
                _ = await stream.disconnect()
            }
        }
    }

    @Test("a node whose listening is interrupted again and again misses nothing")
    func interrupted() async throws {
        try await NodesFixture.with(2) { nodes in
            let task = try await nodes[0].addTask()
            let first = try await nodes[0].head()
            let stream = try await TestStream(nodes[1], after: first.cursor)
            var last = first.position
            for round in 0..<20 {
                // Before the commit, or about when its notification goes out.
                if round.isMultiple(of: 2) { try await NodesFixture.killListeners(nodes[0].client) }
                try await nodes[0].addCustom(task)
                last += 1
                if !round.isMultiple(of: 2) { try await NodesFixture.killListeners(nodes[0].client) }
                await stream.reaches(last)
            }
            #expect(stream.recording.events.compactMap(\.position) == Array((first.position + 1)...last))
            _ = await stream.disconnect()
        }
    }

    @Test("whoever writes past the service can say so")
    func typed() async throws {
        try await NodesFixture.with(2) { nodes in
            let task = try await nodes[0].addTask()
            let first = try await nodes[0].head()
            var streams: [TestStream] = []
            for node in nodes { streams.append(try await TestStream(node, after: first.cursor)) }
            for number in 1...5 {
                _ = try await nodes[0].client.query(
                    "UPDATE pressroom.tasks SET priority = \(number) WHERE task_id = \(task)")
                _ = try await nodes[0].client.query("NOTIFY pressroom_notifications")
                for stream in streams { await stream.reaches(first.position + Int64(number)) }
            }
            for stream in streams {
                #expect(stream.recording.events.map(\.type) == Array(repeating: "task_updated", count: 5))
                _ = await stream.disconnect()
            }
        }
    }

    @Test("work that arrives on one node is told to the other, and not back")
    func work() async throws {
        let (told, continuation) = AsyncStream.makeStream(of: Int.self)
        try await NodesFixture.with(2, onWork: { continuation.yield($0) }) { nodes in
            var told = told.makeAsyncIterator()
            var counts = [0, 0]
            // That the other is there is told as work too, some few times.
            while counts[1] < 30, !Task.isCancelled {
                nodes[0].commits.committed(Commit(tenantID: HubFixture.tenantID, events: .none, work: .due))
                let before = counts[1]
                while counts[1] == before, let number = await told.next() { counts[number] += 1 }
            }
            #expect(counts[1] == 30 && counts[0] < 15)
        }
    }
}
