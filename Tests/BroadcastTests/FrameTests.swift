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
        let opening = Frame.opening(retry: .milliseconds(2345), cursor: cursor)
        #expect(String(buffer: opening.plain) == "retry: 2345\nid: k3.7\n\n")
        #expect(String(buffer: Frame.opening(retry: .seconds(9), cursor: nil).plain) == "retry: 9000\n\n")
        #expect(String(buffer: Frame.heartbeat(nil).plain) == ":\n\n")
        #expect(String(buffer: Frame.heartbeat(cursor).plain) == ":\nid: k3.7\n\n")
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
