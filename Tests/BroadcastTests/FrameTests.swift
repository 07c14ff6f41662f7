import Base
import NIOCore
import Testing
import Workflow

@testable import Broadcast

@Suite("Frames")
struct FrameTests {
    @Test("an event has an id, a type and one line of data")
    func event() {
        let frame = Frame(cursor: Cursor(epoch: "k3", position: 7), event: "custom", data: Array(#"{"a":1}"#.utf8))
        #expect(String(buffer: frame.plain) == "id: k3.7\nevent: custom\ndata: {\"a\":1}\n\n")
    }

    @Test("a delta has no id")
    func withoutCursor() {
        let frame = Frame(cursor: nil, event: "output_delta", data: ["text": "é"] as JSON)
        #expect(String(buffer: frame.plain) == "event: output_delta\ndata: {\"text\":\"é\"}\n\n")
    }

    @Test("raw line breaks become spaces", arguments: ["\n", "\r", "\r\n"])
    func lineBreaks(lineBreak: String) {
        let frame = Frame(cursor: nil, event: "custom", data: Array("{\"a\":1,\(lineBreak)\"b\":2}".utf8))
        let spaces = String(repeating: " ", count: lineBreak.utf8.count)
        #expect(String(buffer: frame.plain) == "event: custom\ndata: {\"a\":1,\(spaces)\"b\":2}\n\n")
    }

    @Test("a type that was written by hand cannot add lines")
    func typeWithLineBreak() {
        let event = Samples.event(1, type: "custom\ndata: evil")
        #expect(String(buffer: event.frame.plain) == "id: e1.1\nevent: custom data: evil\ndata: {}\n\n")
    }

    @Test("the first frame says when to come back, and has data and an id whatever the stream begins with")
    func first() {
        let cursor = Cursor(epoch: "k3", position: 7)
        func text(_ event: Frame?, _ cursor: Cursor?) -> String {
            let frame = Frame.first(event, retry: .milliseconds(2345), cursor: cursor)
            #expect(String(buffer: frame.chunk) == "\(String(frame.plain.readableBytes, radix: 16))\r\n\(String(buffer: frame.plain))\r\n")
            return String(buffer: frame.plain)
        }
        #expect(text(nil, cursor) == "retry: 2345\nid: k3.7\nevent: opened\ndata: {\"cursor\":\"k3.7\"}\n\n")
        let state = Frame.state(Array("{}".utf8), cursor: cursor)
        #expect(text(state, nil) == "retry: 2345\nid: k3.7\nevent: state\ndata: {}\n\n")
        #expect(text(state, Cursor(epoch: "k3", position: 0)) == text(state, nil))
        let reset = Frame.reset(.epoch, cursor: cursor, isFollowedByState: true)
        #expect(
            text(reset, Cursor(epoch: "old", position: 3))
                == "retry: 2345\nid: old.3\nevent: reset\ndata: {\"cursor\":\"k3.7\",\"reason\":\"epoch\"}\n\n")
        #expect(
            text(.overloaded(retry: .seconds(5)), nil) == "retry: 2345\nevent: overloaded\ndata: {\"retry_after\":5}\n\n")
    }

    @Test("what ends a line for some readers is escaped, and nothing else is touched")
    func lineSeparators() throws {
        let texts = [
            "\u{85}", "\u{2028}", "\u{2029}", "a\u{2028}b\u{2029}\u{85}c", "\u{2028}\u{2028}", "“quoted” – é \u{A0}\u{202A}\u{84}", "plain",
            "\u{2027}\u{202A}\u{2128}\u{C5}", "🐈\u{2029}🐈",
        ]
        for text in texts {
            let json = JSON.string(text)
            let frame = Frame(cursor: nil, event: "custom", data: json.utf8)
            let data = String(buffer: frame.plain).dropFirst("event: custom\ndata: ".count).dropLast(2)
            #expect(!data.unicodeScalars.contains { ["\u{85}", "\u{2028}", "\u{2029}"].contains($0) })
            #expect(try JSON(parsing: String(data)) == json)
            let expected = json.text.replacing("\u{85}", with: "\\u0085").replacing("\u{2028}", with: "\\u2028")
                .replacing("\u{2029}", with: "\\u2029")
            #expect(data == expected)
        }
    }

    @Test("a chunk is its length, its bytes and a line end", arguments: [1, 15, 16, 255, 256, 4096, 70_000])
    func chunk(size: Int) {
        let text = String(repeating: "x", count: size)
        let frame = Frame(text)
        #expect(String(buffer: frame.chunk) == "\(String(size, radix: 16))\r\n\(text)\r\n")
        #expect(String(buffer: frame.plain) == text)
        #expect(frame.bytes(.chunked) == frame.chunk)
        #expect(frame.bytes(.plain) == frame.plain)
    }

    @Test("the frames that no table holds")
    func control() {
        let cursor = Cursor(epoch: "k3", position: 7)
        #expect(String(buffer: Frame.heartbeat(nil).plain) == ":\n")
        #expect(
            String(buffer: Frame.heartbeat(cursor).plain)
                == "id: k3.7\nevent: heartbeat\ndata: {\"cursor\":\"k3.7\"}\n\n")
        #expect(
            String(buffer: Frame.reset(.expired, cursor: cursor, isFollowedByState: false).plain)
                == "id: k3.7\nevent: reset\ndata: {\"cursor\":\"k3.7\",\"reason\":\"expired\"}\n\n")
        #expect(
            String(buffer: Frame.reset(.epoch, cursor: cursor, isFollowedByState: true).plain)
                == "event: reset\ndata: {\"cursor\":\"k3.7\",\"reason\":\"epoch\"}\n\n")
        #expect(
            String(buffer: Frame.end(status: "failed", cursor: cursor).plain)
                == "id: k3.7\nevent: end\ndata: {\"cursor\":\"k3.7\",\"status\":\"failed\"}\n\n")
    }
}
