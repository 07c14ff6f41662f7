import Base
import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Broadcast

@Suite("Texts that other nodes write", .limit(minutes: 3))
struct OtherTextTests {
    /// As the contract says, for one output or step: 0 replaces, the length appends, anything else is ignored.
    private static func fold(_ events: [ReceivedEvent], _ textID: UUID) -> String {
        events.reduce(into: "") { text, event in
            guard (event.type == "output_delta" ? event.json["output_id"] : event.json["step_id"])?.string == textID.text,
                event.type.hasSuffix("_delta")
            else { return }
            let piece = event.json["text"]?.string ?? ""
            switch event.json["offset"]?.int {
            case 0: text = piece
            case text.utf16.count: text += piece
            default: Issue.record("offset \(event.json["offset"]?.int ?? -1) after \(text.utf16.count)")
            }
        }
    }

    @Test("streams of another node have the same text, whenever they come", arguments: [1, 2, 3] as [UInt64])
    func followed(seed: UInt64) async throws {
        try await NodesFixture.with(2) { nodes in
            let task = try await nodes[0].addTask()
            var generator = SeededGenerator(seed: seed)
            var streams = [try await TestStream(nodes[1], filter: StreamFilter(conversationID: "c1"))]
            var writers: [OtherWriter] = []
            for number in 0..<4 { writers.append(try await OtherWriter(nodes[0], task, writesDraft: number < 2)) }
            for round in 0..<40 {
                let index = Int(generator.next(below: 4))
                switch generator.next(below: 8) {
                case 0: try await writers[index].begin()
                case 1: streams.append(try await TestStream(nodes[1], filter: StreamFilter(taskIDs: [task])))
                default: break
                }
                let length = Int(generator.next(below: 20)) + 1
                let piece = (0..<length).map { _ in ["a", "é", "😀", "\n", "\\", "e\u{301}"][Int(generator.next(below: 6))] }
                try await writers[index].save(piece.joined())
                let (output, text) = (writers[index].subject.id, writers[index].text)
                for stream in streams {
                    await stream.recording.wait { Self.fold($0, output) == text }
                    #expect(Self.fold(stream.recording.events, output) == text, "seed \(seed), round \(round)")
                }
            }
            for stream in streams { _ = await stream.disconnect() }
        }
    }

    @Test("a text longer than one piece arrives whole")
    func long() async throws {
        try await NodesFixture.with(2) { nodes in
            let task = try await nodes[0].addTask()
            let stream = try await TestStream(nodes[1])
            var writer = try await OtherWriter(nodes[0], task)
            try await writer.save(String(repeating: "é😀", count: 70_000))
            let (output, text) = (writer.outputID, writer.text)
            await stream.recording.wait { Self.fold($0, output) == text }
            #expect(Self.fold(stream.recording.events, output) == text)
            _ = await stream.disconnect()
        }
    }

    @Test(
        "a text that has become a row is not offered, even when its last saving was late", arguments: [false, true], [true, false])
    func ended(leavesText: Bool, writesDraft: Bool) async throws {
        try await NodesFixture.with(2) { nodes in
            let task = try await nodes[0].addTask()
            let early = try await TestStream(nodes[1])
            for number in 0..<20 {
                var writer = try await OtherWriter(nodes[0], task, writesDraft: writesDraft)
                let (textID, row) = (writer.subject.id, writesDraft ? "output" : "step")
                // A text may also be over before anybody has looked.
                try await writer.save("text \(number)")
                if number.isMultiple(of: 2) {
                    #expect(await early.recording.wait { Self.fold($0, textID) == "text \(number)" })
                }
                try await writer.finish(leavesText: leavesText)
                let end = try await nodes[0].head()
                await early.reaches(end.position)
                let late = try await TestStream(nodes[1])
                try await nodes[0].addCustom(task)
                await late.reaches(end.position + 1)
                #expect(late.recording.events.map(\.type) == ["custom.test"])
                _ = await late.disconnect()
                // Nor does it come after its row.
                let events = early.recording.events
                let ended = try #require(events.lastIndex { $0.json[row]?["id"]?.string == textID.text })
                let delta = events.lastIndex { $0.json["\(row)_id"]?.string == textID.text && $0.type == "\(row)_delta" } ?? -1
                #expect(delta < ended)
            }
            _ = await early.disconnect()
        }
    }

    @Test("what was read before the task's outputs changed is not sent")
    func outdated() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let stream = try await TestStream(fixture)
            // It follows the log as soon as something arrives.
            try await fixture.addCustom(task)
            await stream.reaches(try await fixture.head().position)
            #expect(fixture.hub.watchedTenants() == [HubFixture.tenantID])
            let writer = try await OtherWriter(fixture, task)
            let before = try await fixture.head()
            try await writer.finish()
            let after = try await fixture.head()
            await stream.reaches(after.position)
            let delta = LiveDelta(
                tenantID: HubFixture.tenantID, taskID: task, subject: .draft(writer.outputID, version: 1), run: writer.run,
                offset: 0, text: "old")
            #expect(!fixture.hub.publish(delta, readAt: before))
            #expect(!fixture.hub.publish(delta, readAt: LogHead(tenantID: after.tenantID, epoch: "other", position: .max, pruned: 0)))
            #expect(fixture.hub.publish(delta, readAt: after))
            #expect(await stream.recording.wait { $0.last?.type == "output_delta" })
            // Known, but not yet looked at again after the next change.
            let next = try await OtherWriter(fixture, task)
            let later = try await fixture.head()
            await stream.reaches(later.position)
            let wholes = { fixture.hub.state.withLock { $0.wholes(tenantID: HubFixture.tenantID, filter: StreamFilter()).map(\.text) } }
            #expect(wholes() == [])
            let late = try await TestStream(fixture)
            try await fixture.addCustom(task)
            await late.recording.wait { !$0.isEmpty }
            #expect(late.recording.events.map(\.type) == ["custom.test"])
            // It goes on, so who came meanwhile gets the whole of it.
            fixture.hub.sawOtherTexts(at: later)
            #expect(wholes() == ["old"])
            await late.recording.wait { $0.last?.type == "output_delta" }
            #expect(late.recording.events.last?.json["offset"] == 0)
            #expect(late.recording.events.last?.json["text"] == "old")
            _ = (next, await late.disconnect())
            _ = await stream.disconnect()
            #expect(fixture.hub.watchedTenants() == [])
        }
    }

    @Test("a node's own texts are not read back, and nobody's when nobody follows")
    func own() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            var writer = try await OtherWriter(fixture, task)
            try await writer.save("abc")
            let processor: UUID = try await fixture.client.query("SELECT processor_id FROM pressroom.live_texts")[0].decode(0)
            let tenants = [HubFixture.tenantID]
            let own = try await fixture.store.liveTextNews(tenantIDs: tenants, notOf: processor, known: [])
            #expect(own.changes.isEmpty)
            let others = try await fixture.store.liveTextNews(tenantIDs: tenants, notOf: UUID(), known: [])
            #expect(others.changes.count == 1)
            let elsewhere = try await fixture.store.liveTextNews(tenantIDs: ["elsewhere"], notOf: UUID(), known: [])
            #expect(elsewhere.changes.isEmpty && elsewhere.heads.isEmpty)
        }
    }
}
