import Base
import Foundation
import NIOCore
import Postgres
import Store
import Testing
import Workflow

@testable import Broadcast

@Suite("The hub")
struct HubTests {
    @Test("a write from outside arrives by the poll alone")
    func outsideWrite() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let stream = try await TestStream(fixture)
            _ = try await fixture.client.query("UPDATE pressroom.tasks SET priority = 7 WHERE task_id = \(task)")
            await stream.recording.wait { !$0.isEmpty }
            let event = try #require(stream.recording.events.first)
            #expect(event.type == "task_updated")
            #expect(event.json["task"]?["priority"]?.int == 7)
            #expect(event.json["cursor"]?.string == event.id)
            #expect(event.json["context"]?["conversation_id"]?.string == "c1")
            _ = await stream.disconnect()
        }
    }

    @Test("streams get what they are narrowed to")
    func filters() async throws {
        try await HubFixture.with { fixture in
            let first = try await fixture.addTask(conversation: "one", workflow: "a")
            let second = try await fixture.addTask(conversation: "two", workflow: "b")
            let cursor = try await fixture.head().cursor
            let streams = [
                try await TestStream(fixture, filter: StreamFilter(conversationID: "one"), after: cursor),
                try await TestStream(fixture, filter: StreamFilter(workflowName: "b"), after: cursor),
                try await TestStream(fixture, filter: StreamFilter(types: ["task_updated"]), after: cursor),
                try await TestStream(
                    fixture, filter: StreamFilter(taskIDs: [first], types: ["custom.test"]), after: cursor),
            ]
            try await fixture.addCustom(first)
            try await fixture.addCustom(second)
            try await fixture.setStatus(second, "running")
            try await fixture.addCustom(second)
            try await fixture.addCustom(first)
            let all = try await TestStream(fixture, after: cursor)
            await all.reaches(cursor.position + 5)
            let expected: [[Int64]] = [[1, 5], [2, 3, 4], [3], [1, 5]]
            for (stream, expected) in zip(streams, expected) {
                await stream.reaches(cursor.position + (expected.last ?? 0))
                #expect(stream.recording.events.compactMap(\.position) == expected.map { $0 + cursor.position })
                _ = await stream.disconnect()
            }
            // The same from the table.
            let late = try await TestStream(fixture, filter: StreamFilter(conversationID: "one"), after: cursor)
            await late.reaches(cursor.position + 5)
            #expect(late.recording.events.compactMap(\.position) == [1, 5].map { $0 + cursor.position })
            _ = await late.disconnect()
            _ = await all.disconnect()
        }
    }

    @Test("the stream of a task ends after the transaction that completes it", arguments: [false, true])
    func taskEnds(isLate: Bool) async throws {
        try await HubFixture.with(configure: { $0.replayBytes = 100 }) { fixture in
            let task = try await fixture.addTask()
            try await fixture.setStatus(task, "running")
            let head = try await fixture.head()
            let filter = StreamFilter(taskIDs: [task], types: isLate ? ["custom.test"] : nil)
            let early = try await TestStream(
                fixture, filter: filter, after: head.cursor,
                taskEnd: TaskEnd(status: "running", position: head.position))
            _ = try await fixture.store.write(HubFixture.scope) { connection in
                _ = try await connection.query(
                    "UPDATE pressroom.tasks SET status = 'completed' WHERE task_id = \(task)")
                return try await connection.query(
                    """
                    SELECT pressroom.append_events(\(HubFixture.tenantID), array_agg(
                               ROW(\(task)::uuid, 'custom.test', '{"data": 1}')::pressroom.change))
                      FROM generate_series(1, 10)
                    """)
            }
            #expect(await early.outcome == .finished)
            let late = try await TestStream(
                fixture, filter: filter, after: head.cursor,
                taskEnd: TaskEnd(status: "completed", position: head.position + 11))
            #expect(await late.outcome == .finished)
            for stream in [early, late] {
                let events = stream.recording.events
                #expect(events.filter { $0.type == "custom.test" }.count == 10)
                #expect(events.last?.type == "end")
                #expect(events.last?.json["status"]?.string == "completed")
                #expect(events.last?.json["cursor"]?.string == events.last?.id)
                #expect(events.last?.position == head.position + 11)
                _ = await stream.disconnect()
            }
        }
    }

    @Test("a new epoch resets every stream, which goes on in the new one")
    func newEpoch() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let streams = [
                try await TestStream(fixture, restart: { try await Self.restart(fixture, $0) }),
                try await TestStream(
                    fixture, filter: StreamFilter(taskIDs: [task]), restart: { try await Self.restart(fixture, $0) }),
            ]
            _ = try await fixture.client.query(
                "UPDATE pressroom.stream_heads SET epoch = 'new' WHERE tenant_id = \(HubFixture.tenantID)")
            for stream in streams {
                await stream.recording.wait { $0.contains { $0.type == "reset" } }
                #expect(stream.recording.events.first?.json["reason"]?.string == "epoch")
            }
            try await fixture.addCustom(task)
            for stream in streams {
                await stream.recording.wait { $0.contains { $0.type == "custom.test" } }
                #expect(stream.recording.events.map(\.type) == ["reset", "custom.test"])
                #expect(stream.recording.events.last?.id?.hasPrefix("new.") == true)
                _ = await stream.disconnect()
            }
        }
    }

    private static func restart(_ fixture: HubFixture, _ reason: ResetReason) async throws -> StreamStart {
        let head = try await fixture.head()
        return StreamStart(
            cursor: head.cursor, openingCursor: nil,
            preface: [.reset(reason, cursor: head.cursor, isFollowedByState: false)])
    }

    @Test("a text in progress is whole for every stream, whenever it joins", arguments: 0..<5)
    func liveTexts(run: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let output = UUID()
            let run = TextRun(stepID: UUID(), attempt: 1)
            var random = SeededGenerator(seed: seed)
            var streams: [TestStream] = []
            var text = ""
            for piece in 0..<200 {
                if piece.isMultiple(of: 20) {
                    streams.append(try await TestStream(fixture, filter: StreamFilter(taskIDs: [task])))
                    streams.append(try await TestStream(fixture, filter: StreamFilter(conversationID: "c1")))
                }
                let new = ["a", "é", "😀", "\n", "\"", "word "][Int(random.next(below: 6))]
                fixture.hub.publish(
                    .delta(
                        LiveDelta(
                            tenantID: HubFixture.tenantID, taskID: task, subject: .draft(output, version: 1), run: run, offset: text.utf16.count, text: new)))
                text += new
            }
            let whole = text
            for stream in streams {
                await stream.recording.wait { Self.fold($0) == whole }
                #expect(Self.fold(stream.recording.events) == whole, "seed \(seed)")
                #expect(stream.recording.events.allSatisfy { $0.id == nil && $0.type == "output_delta" })
                _ = await stream.disconnect()
            }
            fixture.hub.publish(.ended(tenantID: HubFixture.tenantID, taskID: task, textID: output, run: run))
            let late = try await TestStream(fixture)
            try await fixture.addCustom(task)
            await late.recording.wait { !$0.isEmpty }
            #expect(late.recording.events.map(\.type) == ["custom.test"])
            _ = await late.disconnect()
        }
    }

    /// As the contract says: 0 replaces, the length appends, anything else is ignored.
    private static func fold(_ events: [ReceivedEvent]) -> String {
        events.reduce(into: "") { text, event in
            let piece = event.json["text"]?.string ?? ""
            switch event.json["offset"]?.int {
            case 0: text = piece
            case text.utf16.count: text += piece
            default: break
            }
        }
    }

    @Test("a leaving reader is forgotten")
    func leaving() async throws {
        try await HubFixture.with(configure: { $0.linger = .zero }) { fixture in
            let task = try await fixture.addTask()
            let stream = try await TestStream(fixture)
            #expect(fixture.hub.followedLog(tenantID: HubFixture.tenantID) != nil)
            _ = await stream.disconnect()
            #expect(fixture.hub.followedLogs().isEmpty)
            try await fixture.addCustom(task)
            #expect(stream.recording.events.isEmpty)
        }
    }
}
