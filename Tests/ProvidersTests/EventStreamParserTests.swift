import Testing

@testable import Providers

@Suite("Event stream parser")
struct EventStreamParserTests {
    typealias Event = EventStreamParser.Event

    private static let lines = [
        ": a comment", "data: {\"text\":\"Brötchen 🥐 \u{2028}\"}", "", "event: error", "data:one", "data: two", "id: 7", "retry: 5",
        "", "unknown", "data", "", "", "data:  spaced", "", "data: [DONE]", "",
    ]
    private static let expected = [
        event("{\"text\":\"Brötchen 🥐 \u{2028}\"}"), event("one\ntwo", name: "error"), event(""), event(" spaced"), event("[DONE]"),
    ]

    private static func event(_ data: String, name: String = "") -> Event {
        Event(name: name, data: Array(data.utf8))
    }

    @Test("reads the same events wherever the bytes are split in two", arguments: ["\n", "\r\n", "\r"])
    func splitOnce(lineEnd: String) {
        let bytes = Array((Self.lines.map { $0 + lineEnd }.joined()).utf8)
        for split in 0...bytes.count {
            var parser = EventStreamParser()
            var events = parser.append(bytes[..<split])
            events += parser.append(bytes[split...])
            #expect(events == Self.expected, "split at \(split)")
            #expect(parser.finish() == nil)
        }
    }

    @Test("reads the same events byte by byte and in threes", arguments: ["\n", "\r\n", "\r"])
    func smallPieces(lineEnd: String) {
        let bytes = Array((Self.lines.map { $0 + lineEnd }.joined()).utf8)
        for size in [1, 3] {
            var parser = EventStreamParser()
            var events: [Event] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += parser.append(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(events == Self.expected)
        }
    }

    @Test("mixes line ends")
    func mixedLineEnds() {
        var parser = EventStreamParser()
        let events = parser.append("data: a\r\n\ndata: b\r\rdata: c\n\r\n".utf8)
        #expect(events == [Self.event("a"), Self.event("b"), Self.event("c")])
    }

    @Test("skips a byte order mark at the beginning only")
    func byteOrderMark() {
        var parser = EventStreamParser()
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let events = parser.append(mark + Array("data: a\n\n".utf8) + mark + Array("data: b\n\ndata: c\n\n".utf8))
        #expect(events == [Self.event("a"), Self.event("c")])
    }

    @Test("hands out at the end what no blank line closed", arguments: ["data: [DONE]", "data: [DONE]\n", "data: [DONE]\r"])
    func unfinished(text: String) {
        var parser = EventStreamParser()
        #expect(parser.append(text.utf8) == [])
        #expect(parser.finish() == Self.event("[DONE]"))
        #expect(parser.finish() == nil)
    }
}
