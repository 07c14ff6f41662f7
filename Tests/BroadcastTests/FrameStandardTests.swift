import Base
import Foundation
import NIOCore
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Broadcast

/// What a reader that follows the HTML standard makes of everything that a stream can send.
@Suite("Frames as the HTML standard reads them")
struct FrameStandardTests {
    private typealias Block = ReferenceEventStream.Block

    private static let cursor = Cursor(epoch: "k3", position: 7)
    private static let hostileTexts = [
        "", " ", "  two spaces", "\u{2028}\u{2029}\u{85}\u{B}\u{C}", "\n", "\r", "\r\n\r\n", "\ndata: evil\n\n", "\0", "id: 9\n\n", ":", "\u{FEFF}",
        "🐈‍⬛é\u{10FFFF}", "\\", "\"", String(repeating: "x", count: 1 << 20),
    ]

    private func bytes(_ frames: [Frame], _ framing: Framing) throws -> [UInt8] {
        let all = frames.flatMap { Array($0.bytes(framing).readableBytesView) }
        return framing == .chunked ? try dechunked(all) : all
    }

    /// A body without its chunks (RFC 9112, section 7.1).
    private func dechunked(_ chunks: [UInt8]) throws -> [UInt8] {
        var body: [UInt8] = []
        var rest = chunks[...]
        while !rest.isEmpty {
            let lineEnd = try #require(rest.firstIndex(of: 0x0D))
            let size = try #require(Int(String(decoding: rest[..<lineEnd], as: UTF8.self), radix: 16))
            let data = rest[lineEnd...].dropFirst(2).prefix(size)
            body += data
            try #require(data.count == size && rest[data.endIndex...].prefix(2) == [0x0D, 0x0A])
            rest = rest[data.endIndex...].dropFirst(2)
        }
        return body
    }

    @Test("control frames, one after the other", arguments: [Framing.chunked, .plain])
    func control(framing: Framing) throws {
        let (cursor, later) = (Self.cursor, Cursor(epoch: "k3", position: 8))
        let state = Array(#"{"cursor":"k3.7","task":{"result":"\#u{2028}"}}"#.utf8)
        let frames: [Frame] = [
            .first(.overloaded(retry: .seconds(4)), retry: .milliseconds(1234), cursor: nil), .heartbeat(nil),
            .first(nil, retry: .seconds(2), cursor: cursor), .state(state, cursor: cursor), .reset(.epoch, cursor: later, isFollowedByState: true), .heartbeat(nil),
            .reset(.expired, cursor: later, isFollowedByState: false), .heartbeat(cursor), .heartbeat(nil),
            .end(status: "completed", cursor: later), .overloaded(retry: .seconds(5)),
        ]
        let stream = ReferenceEventStream(try bytes(frames, framing))
        #expect(
            stream.blocks == [
                Block(name: "overloaded", data: #"{"retry_after":4}"#),
                Block(name: "opened", data: #"{"cursor":"k3.7"}"#, id: "k3.7", lastEventID: "k3.7"),
                Block(
                    name: "state", data: #"{"cursor":"k3.7","task":{"result":"\u2028"}}"#, id: "k3.7", lastEventID: "k3.7"),
                Block(name: "reset", data: #"{"cursor":"k3.8","reason":"epoch"}"#, lastEventID: "k3.7"),
                Block(name: "reset", data: #"{"cursor":"k3.8","reason":"expired"}"#, id: "k3.8", lastEventID: "k3.8"),
                Block(name: "heartbeat", data: #"{"cursor":"k3.7"}"#, id: "k3.7", lastEventID: "k3.7"),
                Block(name: "end", data: #"{"cursor":"k3.8","status":"completed"}"#, id: "k3.8", lastEventID: "k3.8"),
                Block(name: "overloaded", data: #"{"retry_after":5}"#, lastEventID: "k3.8"),
            ])
        #expect(stream.retry == "2000")
        #expect(stream.blocks.allSatisfy { $0.data != nil })
    }

    @Test("texts of all kinds arrive as they are", arguments: [Framing.chunked, .plain])
    func texts(framing: Framing) throws {
        let task = TaskFacts(taskID: UUID())
        for (index, text) in Self.hostileTexts.enumerated() {
            let data = JSON.object(["data": .string(text), text: .null]).text
            let event = Samples.event(Int64(index + 1), type: "custom.note", task: task, data: data)
            let delta = TextDelta(
                tenantID: "t", taskID: task.taskID, subject: .draft(UUID(), version: 1), offset: 3, text: text,
                length: text.utf16.count, task: nil)
            let stream = ReferenceEventStream(try bytes([event.frame, delta.frame, event.frame], framing))
            let escaped = data.replacing("\u{85}", with: #"\u0085"#).replacing("\u{2028}", with: #"\u2028"#)
                .replacing("\u{2029}", with: #"\u2029"#)
            let sent = Block(name: "custom.note", data: escaped, id: "e1.\(index + 1)", lastEventID: "e1.\(index + 1)")
            try #require(stream.blocks.count == 3, "\(text.prefix(20).debugDescription)")
            #expect(stream.blocks[0] == sent && stream.blocks[2] == sent, "\(text.prefix(20).debugDescription)")
            let live = stream.blocks[1]
            #expect(live.name == "output_delta" && live.id == nil && live.lastEventID == sent.lastEventID)
            let json = try JSON(parsing: live.data ?? "")
            #expect(json["text"]?.string == text && json["offset"] == 3 && json["task_id"]?.string == task.taskID.text)
        }
    }

    @Test("JSON with line breaks between its tokens arrives as the same value", arguments: ["\n", "\r", "\r\n", "\n\n", "\t\r \n"])
    func whiteSpace(space: String) throws {
        let text = ["{", "\"a\"", ":", "[", "1", ",", "\"b\\nc\"", "]", "}"].joined(separator: space) + space
        let stream = ReferenceEventStream(try bytes([Samples.event(1, data: space + text).frame], .chunked))
        try #require(stream.blocks.count == 1)
        #expect(try JSON(parsing: stream.blocks[0].data ?? "") == ["a": [1, "b\nc"]])
    }

    @Test(
        "a type that somebody wrote by hand adds no line, no event and no id",
        arguments: ["a\nb", "a\r\n\r\nb", "a\rid: e1.99", "\n\ndata: {}\n\n", "a\u{2028}b", " a", "", "a:b", "a\n\u{301}b", "data"])
    func types(type: String) throws {
        let stream = ReferenceEventStream(try bytes([Samples.event(4, type: type, data: #"{"n":1}"#).frame], .chunked))
        try #require(stream.blocks.count == 1)
        let block = stream.blocks[0]
        #expect(block.data == #"{"n":1}"# && block.id == "e1.4" && block.lastEventID == "e1.4")
        let lines = type.unicodeScalars.contains { $0 == "\n" || $0 == "\r" || $0 == "\u{2028}" }
        if !lines { #expect(block.name == (type.isEmpty ? "message" : type)) }
    }

    @Test("events that PostgreSQL made arrive with the payload that the table holds")
    func fromTheTable() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask(conversation: "c\u{2028}\n\rid: 1\n\n")
            let payloads = Self.hostileTexts.filter { $0.utf8.count < 1000 && !$0.contains("\0") }.map { text in
                "{\r\n \"data\" :\n" + JSON.string(text).text + "\r}\n"
            } + [#"{"data": "\u0000 \u2028 \ud83d\udc08"}"#]
            let stream = try await TestStream(fixture, after: Cursor(epoch: try await fixture.head().epoch, position: 0))
            for payload in payloads {
                _ = try await fixture.store.write(HubFixture.scope) { connection in
                    try await connection.query(
                        """
                        SELECT pressroom.append_events(\(HubFixture.tenantID),
                                   ARRAY[ROW(\(task)::uuid, 'custom.note', \(payload)::json)::pressroom.change])
                        """)
                }
            }
            await stream.reaches(try await fixture.head().position)
            _ = await stream.disconnect()
            let events = ReferenceEventStream(try dechunked(stream.recording.bytes)).events.filter { $0.name == "custom.note" }
            #expect(events.count == payloads.count)
            for (event, payload) in zip(events, payloads) {
                let (data, expected) = (try JSON(parsing: event.data ?? ""), try JSON(parsing: payload))
                #expect(data["data"] == expected["data"])
                #expect(data["cursor"]?.string == event.lastEventID && event.id == event.lastEventID)
                #expect(data["context"]?["conversation_id"]?.string == "c\u{2028}\n\rid: 1\n\n")
            }
        }
    }
}
