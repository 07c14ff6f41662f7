import Base
@testable import Client
import Testing

@Suite("Server-sent events")
struct ServerSentEventTests {
    @Test("An event has a name, and its data is text")
    func fromTheParser() throws {
        var parser = EventStreamParser(lastEventID: "k.1")
        let bytes = Array("data: ".utf8) + [0xFF, 0xC3] + Array("\n\nevent: add\nid: k.2\ndata: a\n\n".utf8)
        let events = try parser.append(bytes).map(ServerSentEvent.init)
        #expect(events == [
            ServerSentEvent(data: "\u{FFFD}\u{FFFD}", lastEventID: "k.1"),
            ServerSentEvent(name: "add", data: "a", lastEventID: "k.2", ownID: "k.2"),
        ])
    }
}
