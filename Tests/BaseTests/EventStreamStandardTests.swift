import Base
import TestSupport
import Testing
import Workflow

/// The parser against the standard's algorithm: on what browsers are tested with, and on whatever else comes.
@Suite("Event streams as the HTML standard reads them (9.2.6)")
struct EventStreamStandardTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        /// Type, data and last event ID of each event.
        let events: [[String]]

        init(_ name: String, _ text: String, _ events: [[String]]) {
            self.name = name
            bytes = Array(text.utf8)
            self.events = events
        }

        var testDescription: String { name }
    }

    private static func message(_ data: String, id: String = "") -> [String] { ["message", data, id] }
    /// As browsers show an event: its type, its data as text, and the last event ID.
    private static func fields(_ event: EventStreamParser.Event) -> [String] {
        [event.name.isEmpty ? "message" : event.name, String(decoding: event.data, as: UTF8.self), event.lastEventID]
    }
    private static let long = String(repeating: "x", count: 5000)

    /// The subjects of the platform tests' `eventsource/format-*`, with streams of our own.
    static let cases: [Case] = [
        Case("a byte order mark", "\u{FEFF}data:a\n\n\u{FEFF}data:b\n\ndata:c\n\n", [message("a"), message("c")]),
        Case("two byte order marks", "\u{FEFF}\u{FEFF}data:a\n\ndata:b\n\n", [message("b")]),
        Case("a byte order mark and nothing else on its line", "\u{FEFF}\ndata:a\n\n", [message("a")]),
        Case(
            "comments of all lengths and line ends", "data:a\r:\0\n:\r\ndata:b\n:\(long)\rdata:c\n:data:no\r:\(long)\ndata:d\n\n",
            [message("a\nb\nc\nd")]),
        Case("what the end cuts off", "retry:100\ndata:a\n\nid:lost\ndata:b", [message("a")]),
        Case("what the end cuts off after its line end", "data:a\n\nid:lost\ndata:b\n", [message("a")]),
        Case(
            "empty data, with and without a colon", "data:\n\ndata\ndata\n\ndata:a\n\n", [message(""), message("\n"), message("a")]
        ),
        Case("a type holds for one event", "event:add\ndata:a\n\ndata:b\n\n", [["add", "a", ""], message("b")]),
        Case("the last type counts, an empty one is none", "event:add\nevent: \ndata:a\n\n", [message("a")]),
        Case("a type without data is forgotten", "event:add\n\ndata:a\n\n", [message("a")]),
        Case("ids stay", "id: …\ndata:a\n\ndata:b\n\n", [message("a", id: "…"), message("b", id: "…")]),
        Case(
            "an empty id resets, with and without a colon", "id:1\ndata:a\n\nid:\ndata:b\n\nid:2\ndata:c\n\nid\ndata:d\n\n",
            [message("a", id: "1"), message("b"), message("c", id: "2"), message("d")]),
        Case("the last id of an event counts", "id:1\nid:2\ndata:a\n\n", [message("a", id: "2")]),
        Case(
            "ids with NUL do not count",
            "id:1\ndata:a\n\nid:\0\0\ndata:b\n\nid:x\0\ndata:c\n\nid:\0x\ndata:d\n\nid: \0\ndata:e\n\n",
            ["a", "b", "c", "d", "e"].map { message($0, id: "1") }),
        Case("an id with NUL leaves the one before it", "id:1\nid:x\0\ndata:a\n\n", [message("a", id: "1")]),
        Case("an id without data counts for what follows", "id:7\n\ndata:a\n\n", [message("a", id: "7")]),
        Case(
            "names that are no fields",
            "data:\0\ndata:  a\rData:no\ndata\0:no\ndata:b\r\0data:no\nda-ta:no\rdata_no\ndata:\r\n data:no\n\n",
            [message("\0\n a\nb\n")]),
        Case(
            "fields before and after unknown ones", "data:a\n data\ndata\nfoo:x\nonly some text\n:a comment\ndata:b\n\n",
            [message("a\n\nb")]),
        Case("only one space is cut, and no tab", "data:\ta\rdata: \ndata:b\rdata:  c\n\n", [message("\ta\n\nb\n c")]),
        Case(
            "line ends of all kinds", "data:a\r\ndata\ndata:b\r\n\r\ndata:c\r\rdata:d\n\r",
            [message("a\n\nb"), message("c"), message("d")]),
        Case("NUL as data", "data:\0\n\n\n\n", [message("\0")]),
        Case(
            "other characters that break lines elsewhere", "data:a\u{85}b\u{2028}c\u{2029}d\u{B}e\u{C}f\n\n",
            [message("a\u{85}b\u{2028}c\u{2029}d\u{B}e\u{C}f")]),
        Case("UTF-8 of every length", "data:aé€🐈\u{10FFFF}\n\n", [message("aé€🐈\u{10FFFF}")]),
        Case("a colon first or last", ":data:no\ndata::a:\n\n", [message(":a:")]),
        Case("a very long line", "data:\(long)\(long)\n\n", [message(long + long)]),
    ]

    @Test(arguments: cases)
    func byTheBook(_ sample: Case) {
        let reference = ReferenceEventStream(sample.bytes)
        #expect(reference.events.map { [$0.name, $0.data ?? "", $0.lastEventID] } == sample.events)
    }

    @Test(arguments: cases)
    func wherever(_ sample: Case) throws {
        let step = sample.bytes.count < 1000 ? 1 : 97
        for split in stride(from: 0, through: sample.bytes.count, by: step) {
            var parser = EventStreamParser()
            let events = try parser.append(sample.bytes[..<split]) + parser.append(sample.bytes[split...])
            #expect(events.map(Self.fields) == sample.events, "split at \(split)")
        }
        var parser = EventStreamParser()
        var events: [EventStreamParser.Event] = []
        for byte in sample.bytes { events += try parser.append([byte]) }
        #expect(events.map(Self.fields) == sample.events, "byte by byte")
    }

    @Test("retry takes digits only", arguments: [
        ("retry:3000\n\n", Duration.milliseconds(3000)), ("retry:3000\nretry:1000x\n\n", .milliseconds(3000)),
        ("retry:3000\nretry\n\n", .milliseconds(3000)), ("retry: 10\nretry:-1\nretry:1.5\nretry: 5 \nretry:٣\n\n", .milliseconds(10)),
        ("retry:007\n\n", .milliseconds(7)), ("retry:20\n", .milliseconds(20)),
    ])
    func retry(text: String, expected: Duration) throws {
        var parser = EventStreamParser()
        #expect(try parser.append(text.utf8).isEmpty)
        #expect(parser.reconnectionTime == expected)
    }

    /// Pieces that mean something to a parser, and bytes that are nothing.
    private static let pieces: [[UInt8]] =
        [
            "data", "event", "id", "retry", ":", ": ", " ", "\n", "\r", "\r\n", "\n\n", "\r\r", "x", "10", "é", "🐈", "\u{2028}", "\0",
            "\u{FEFF}", "data: x\n", "data:\n\n", "id: 1\n", "id\n", "event: e\r\n", ":c\n", "\t",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF0, 0x9F]]

    @Test("reads random bytes as the standard does, wherever they are split", arguments: 0..<500)
    func differential(run: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<random.next(below: 60) { bytes += Self.pieces[Int(random.next(below: UInt64(Self.pieces.count)))] }
        let reference = ReferenceEventStream(bytes, lastEventID: "before")
        var parser = EventStreamParser(lastEventID: "before")
        var events: [EventStreamParser.Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = 1 + Int(random.next(below: 8))
            events += try parser.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        #expect(
            events.map(Self.fields) == reference.events.map { [$0.name, $0.data ?? "", $0.lastEventID] }, "seed \(seed)")
        #expect(events.map(\.id) == reference.events.map(\.id), "seed \(seed)")
        #expect(parser.lastEventID == reference.lastEventID, "seed \(seed)")
        if let retry = reference.retry, retry.utf8.count < 8 {
            #expect(parser.reconnectionTime == Int64(retry).map { .milliseconds($0) }, "seed \(seed)")
        }
    }
    @Test("reads random bytes as the standard does when the end counts as a blank line", arguments: 0..<300)
    func finishing(run: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<random.next(below: 60) { bytes += Self.pieces[Int(random.next(below: UInt64(Self.pieces.count)))] }
        var parser = EventStreamParser()
        var events: [EventStreamParser.Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = 1 + Int(random.next(below: 8))
            events += try parser.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        if let last = try parser.finish() { events.append(last) }
        let reference = ReferenceEventStream(bytes + Array("\n\n".utf8))
        #expect(
            events.map(Self.fields) == reference.events.map { [$0.name, $0.data ?? "", $0.lastEventID] }, "seed \(seed)")
    }
}
