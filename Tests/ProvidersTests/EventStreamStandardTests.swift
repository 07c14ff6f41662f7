import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("Models' event streams as the HTML standard reads them")
struct EventStreamStandardTests {
    private static let pieces: [[UInt8]] =
        [
            "data", "event", "id", ":", ": ", " ", "\n", "\r", "\r\n", "\n\n", "x", "é", "🐈", "\0", "\u{FEFF}", "data: x\n",
            "data:\n\n",
            "event: e\r\n", ":c\n",
        ].map { Array($0.utf8) } + [[0xFF], [0xE2, 0x82]]

    @Test("reads random bytes as the standard does, and hands out what no blank line closed", arguments: 0..<300)
    func differential(run: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<random.next(below: 60) { bytes += Self.pieces[Int(random.next(below: UInt64(Self.pieces.count)))] }
        var parser = EventStreamParser()
        var events: [EventStreamParser.Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = 1 + Int(random.next(below: 8))
            events += parser.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        if let last = parser.finish() { events.append(last) }
        // The one liberty: the end counts as a blank line.
        let reference = ReferenceEventStream(bytes + Array("\n\n".utf8))
        #expect(events.map { $0.name.isEmpty ? "message" : $0.name } == reference.events.map(\.name), "seed \(seed)")
        #expect(
            events.map { String(decoding: $0.data, as: UTF8.self) } == reference.events.map { $0.data ?? "" }, "seed \(seed)")
    }
}
