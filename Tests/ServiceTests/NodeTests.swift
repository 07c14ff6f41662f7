import Base
import Client
import TestSupport
import Testing
import Workflow

/// Several services on one PostgreSQL: streams on one node, work on another.
@Suite struct NodeTests {
    /// Serves requests and streams, and learns of the rest from notifications: it polls less often than a test may last.
    private static let desk = """
        streams: {tail_poll: 1m, text_poll: 50ms}
        processor: {concurrency: 0}
        """

    private static func press(tokensPerSecond: Int) -> String {
        """
        streams: {tail_poll: 1m}
        processor: {poll: 1m}
        providers: {slow: {kind: rehearsal, tokens_per_second: \(tokensPerSecond), latency: 0ms}}
        """
    }

    /// What a stream shows of one output's text, by the contract's rule.
    private actor TextReading {
        private var texts: [String: String] = [:]
        private(set) var contents: [String: String] = [:]
        private(set) var pieces = 0

        func take(_ event: ServerSentEvent) throws {
            let data = try JSON(parsing: event.data)
            switch event.name {
            case "output_delta":
                let output = try #require(data["output_id"]?.string)
                let (piece, offset) = (try #require(data["text"]?.string), try #require(data["offset"]?.int))
                let text = texts[output] ?? ""
                #expect(offset == 0 || offset == text.utf16.count, "a piece that does not fit")
                texts[output] = offset == 0 ? piece : text + piece
                pieces += 1
            case "output_updated":
                guard let id = data["output"]?["id"]?.string, let content = data["output"]?["content"]?.string else { break }
                contents[id] = content
                #expect(content.hasPrefix((texts[id] ?? "").trimmed), "the text was another one")
            default: break
            }
        }
    }

    @Test func textOfAnotherNodeReachesTheStreams() async throws {
        try await withNodes([Self.desk, Self.press(tokensPerSecond: 25)]) { nodes in
            try await nodes[0].publish(Definitions.draft("slow"))
            let task = try await nodes[0].startTask("draft")
            let (early, late) = (TextReading(), TextReading())
            let isGrowing = Eventual<Void>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await event in nodes[0].client.events(of: task, policy: .eager) {
                        try await early.take(event)
                        if await early.pieces > 1 { isGrowing.set(()) }
                    }
                }
                group.addTask {
                    try await isGrowing.get()
                    for try await event in nodes[0].client.events(of: task, policy: .eager) { try await late.take(event) }
                }
                try await group.waitForAll()
            }
            for reading in [early, late] {
                #expect(await reading.pieces > 1)
                #expect(await reading.contents.count == 1)
            }
            #expect(try await nodes[0].client.task(task).status == "completed")
        }
    }

    @Test func workAndEventsDoNotWaitForPolls() async throws {
        // Far below the polls.
        try await withNodes([Self.desk, Self.press(tokensPerSecond: 0)], limit: .seconds(50)) { nodes in
            try await nodes[0].publish(Definitions.editorial("slow"))
            for number in 0..<5 {
                let task = try await nodes[0].startTask("editorial", topic: "\(number)")
                #expect(try await nodes[0].end(of: task) == "completed")
            }
            try await EventAudit.check(nodes[0])
        }
    }

    @Test(arguments: [2, 3])
    func nodesAreKilledWhileReadersHop(count: Int) async throws {
        let seeded = Seed.generator("nodesAreKilledWhileReadersHop(count: \(count))")
        let yaml = """
            processor: {lease_timeout: 2s}
            providers: {slow: {kind: rehearsal, tokens_per_second: 80, latency: 50ms}}
            """
        try await withNodes(Array(repeating: yaml, count: count), limit: .seconds(170)) { nodes in
            var generator = seeded
            try await nodes[0].publish(Definitions.editorial("slow"))
            var ids: [String] = []
            for number in 0..<6 {
                let node = nodes[Int(generator.next(below: UInt64(count)))]
                ids.append(try await node.startTask("editorial", topic: "\(number)"))
            }
            let ports = nodes.map(\.port)
            let folds = try await withThrowingTaskGroup(of: FoldReader.Fold.self) { group in
                for (number, id) in ids.enumerated() {
                    for beginning in [FoldReader.Beginning.nothing, .earliest] {
                        let (own, client) = (generator.fork(), nodes[number % count].client)
                        group.addTask {
                            try await FoldReader.read(id, from: ports, client, beginning: beginning, generator: own)
                        }
                    }
                }
                for _ in 0..<6 {
                    // The moment of the kill is what is random, and how many nodes are left.
                    try await generator.pause(20..<900)
                    let first = Int(generator.next(below: UInt64(count)))
                    let victims = generator.next(below: 4) == 0 ? Array(nodes.indices) : [first]
                    for victim in victims { try await nodes[victim].kill() }
                    try await generator.pause(1..<300)
                    for victim in victims { try await nodes[victim].start() }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for fold in folds { try await fold.compare(with: nodes[0]) }
            for id in ids { #expect(try await nodes[0].client.task(id).status == "completed") }
            try await EventAudit.check(nodes[0])
        }
    }
}

extension String {
    fileprivate var trimmed: Substring {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? start
        return self[start..<end]
    }
}
