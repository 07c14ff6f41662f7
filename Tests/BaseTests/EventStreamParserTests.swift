import Base
import Testing

@Suite("Event stream parser (WHATWG HTML 9.2.6)")
struct EventStreamParserTests {
    typealias Event = EventStreamParser.Event

    struct Sample: CustomTestStringConvertible, Sendable {
        var name: String
        var bytes: [UInt8]
        var events: [Event]
        var lastEventID = ""
        var retry: Duration?

        init(
            _ name: String, _ bytes: [UInt8], _ events: [Event], lastEventID: String = "", retry: Duration? = nil
        ) {
            self.name = name
            self.bytes = bytes
            self.events = events
            self.lastEventID = lastEventID
            self.retry = retry
        }

        init(
            _ name: String, _ text: String, _ events: [Event], lastEventID: String = "", retry: Duration? = nil
        ) {
            self.init(name, Array(text.utf8), events, lastEventID: lastEventID, retry: retry)
        }

        var testDescription: String { name }
    }

    static let samples: [Sample] = [
        Sample("line feeds", "data: a\n\ndata: b\n\n", [.init(data: "a"), .init(data: "b")]),
        Sample("carriage returns", "data: a\r\rdata: b\r\r", [.init(data: "a"), .init(data: "b")]),
        Sample("both", "data: a\r\n\r\ndata: b\r\n\r\n", [.init(data: "a"), .init(data: "b")]),
        Sample("mixed line ends", "data: a\r\ndata: b\rdata: c\n\n", [.init(data: "a\nb\nc")]),
        Sample("line feed, carriage return: two lines", "data: a\n\rdata: b\n\n", [.init(data: "a"), .init(data: "b")]),
        Sample("byte order mark", "\u{FEFF}data: a\n\n", [.init(data: "a")]),
        Sample("only the first byte order mark", "\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", [.init(data: "b")]),
        Sample("empty data", "data\n\ndata:\n\ndata: \n\n", [.init(data: ""), .init(data: ""), .init(data: "")]),
        Sample("two empty lines of data", "data\ndata\n\n", [.init(data: "\n")]),
        Sample("many lines of data", "data: YHOO\ndata: +2\ndata:  10\n\n", [.init(data: "YHOO\n+2\n 10")]),
        Sample("one space only is cut", "data:test\n\ndata: test\n\ndata:  test\n\n", [
            .init(data: "test"), .init(data: "test"), .init(data: " test"),
        ]),
        Sample("comments and unknown fields", ": hello\ndata: a\nfoo: b\ndatas: c\n:\n\n", [.init(data: "a")]),
        Sample("field names are case-sensitive", "Data: a\nDATA: b\ndata: c\n\n", [.init(data: "c")]),
        Sample("no data, no event", "event: a\n\ndata: b\n\n", [.init(data: "b")]),
        Sample("names", "event: add\ndata: 1\n\ndata: 2\n\nevent:\ndata: 3\n\n", [
            .init(name: "add", data: "1"), .init(data: "2"), .init(data: "3"),
        ]),
        Sample(
            "ids stay", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            [
                .init(data: "a", id: "1", lastEventID: "1"), .init(data: "b", lastEventID: "1"),
                .init(data: "c", id: "", lastEventID: ""),
            ]),
        Sample("an id alone counts", "id: 7\n\n", [], lastEventID: "7"),
        Sample("an id without its blank line does not", "id: 7\n\nid: 8\n", [], lastEventID: "7"),
        Sample(
            "NUL in an id", "id: 1\n\nid: 2\u{0}\ndata: a\n\n", [.init(data: "a", lastEventID: "1")], lastEventID: "1"),
        Sample("retry", "retry: 1500\n\nretry: -1\nretry: 2s\nretry\nretry: 1 \n\n", [], retry: .milliseconds(1_500)),
        Sample("retry that no clock can wait for", "retry: 20\nretry: 99999999999999999999\n\n", [], retry: .milliseconds(20)),
        Sample("colons in values", "data: a:b: c\n\n", [.init(data: "a:b: c")]),
        Sample("more than ASCII", "event: 🐎\ndata: häß 日本 🐈‍⬛\n\n", [.init(name: "🐎", data: "häß 日本 🐈‍⬛")]),
        Sample("data that is no UTF-8", Array("data: ".utf8) + [0xFF, 0xC3] + Array("\n\n".utf8), [.init(data: [0xFF, 0xC3])]),
        Sample("an event that is cut off", "data: a\n\ndata: b\n", [.init(data: "a")]),
        Sample("nothing", "\n\n\r\r\n", []),
    ]

    @Test(arguments: samples)
    func atEverySplit(_ sample: Sample) throws {
        for split in 0...sample.bytes.count {
            var parser = EventStreamParser()
            let events = try parser.append(sample.bytes[..<split]) + parser.append(sample.bytes[split...])
            #expect(events == sample.events, "split at \(split)")
            #expect(parser.reconnectionTime == sample.retry, "split at \(split)")
            if !sample.lastEventID.isEmpty { #expect(parser.lastEventID == sample.lastEventID, "split at \(split)") }
        }
    }

    @Test(arguments: samples)
    func byteByByte(_ sample: Sample) throws {
        var parser = EventStreamParser()
        var events: [Event] = []
        for byte in sample.bytes { events += try parser.append([byte]) }
        #expect(events == sample.events)
    }

    @Test("A carriage return ends its line at once")
    func carriageReturnDoesNotWait() throws {
        var parser = EventStreamParser()
        #expect(try parser.append("data: a\r\n\r".utf8) == [.init(data: "a")])
        #expect(try parser.append("\ndata: b\n\n".utf8) == [.init(data: "b")])
    }

    @Test("The end hands out an event that no blank line closed", arguments: ["data: [DONE]", "data: [DONE]\n", "data: [DONE]\r"])
    func unfinished(text: String) throws {
        var parser = EventStreamParser()
        #expect(try parser.append(text.utf8) == [])
        #expect(try parser.finish() == .init(data: "[DONE]"))
        #expect(try parser.finish() == nil)
    }

    @Test("The end hands out nothing when every event was closed", arguments: samples)
    func finished(_ sample: Sample) throws {
        var parser = EventStreamParser()
        _ = try parser.append(sample.bytes + Array("\n\n".utf8))
        #expect(try parser.finish() == nil)
    }

    @Test("A new connection keeps the last id")
    func keepsID() throws {
        var parser = EventStreamParser(lastEventID: "k3.9")
        #expect(try parser.append("data: a\n\n".utf8) == [.init(data: "a", lastEventID: "k3.9")])
        #expect(parser.lastEventID == "k3.9")
    }

    @Test("Long lines and long events are refused, those at the bound are not")
    func bounds() throws {
        var fits = EventStreamParser(maxBytes: 16)
        #expect(try fits.append("data: 0123456789\n\n".utf8).count == 1)
        var line = EventStreamParser(maxBytes: 16)
        #expect(throws: EventStreamParser.TooLong.self) { try line.append("data: 01234567890\n\n".utf8) }
        var endless = EventStreamParser(maxBytes: 16)
        #expect(throws: EventStreamParser.TooLong.self) { try endless.append(Array(repeating: UInt8(ascii: "x"), count: 17)) }
        var event = EventStreamParser(maxBytes: 16)
        #expect(throws: EventStreamParser.TooLong.self) { try event.append("data: 01234567\ndata: 01234567\n\n".utf8) }
    }
}

extension EventStreamParser.Event {
    fileprivate init(name: String = "", data: String, id: String? = nil, lastEventID: String = "") {
        self.init(name: name, data: Array(data.utf8), id: id, lastEventID: lastEventID)
    }
}
