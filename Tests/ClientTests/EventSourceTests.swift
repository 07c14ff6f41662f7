import AsyncHTTPClient
import Client
import NIOPosix
import Synchronization
import TestSupport
import Testing

typealias ScriptedServer = ScriptedModelServer

extension ScriptedModelServer.Script {
    /// A stream of these bytes, and a proper end.
    static func stream(_ text: String, type: String = "text/event-stream") -> ScriptedModelServer.Script {
        .init { _, reply in
            try await reply.start(headers: ["content-type": type])
            try await reply.send(text)
            try await reply.finish()
        }
    }
}

@Suite("Event source")
struct EventSourceTests {
    private static let fast = ReconnectPolicy(initial: .milliseconds(1), max: .milliseconds(4), jitter: 0.1)

    /// All events until the sequence ends, or `count` of them.
    private func events(
        from server: ScriptedServer, count: Int = .max, lastEventID: String = "", policy: ReconnectPolicy = fast,
        maxEventBytes: Int = 1 << 20
    ) async throws -> [ServerSentEvent] {
        let httpClient = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: PressroomClient.defaultHTTPConfiguration)
        let source = EventSource(
            url: "http://127.0.0.1:\(server.port)/stream", headers: [(name: "authorization", value: "Bearer t")],
            lastEventID: lastEventID, policy: policy, maxEventBytes: maxEventBytes, httpClient: httpClient)
        var events: [ServerSentEvent] = []
        do {
            for try await event in source {
                events.append(event)
                if events.count == count { break }
            }
        } catch {
            try await httpClient.shutdown()
            throw error
        }
        try await httpClient.shutdown()
        return events
    }

    @Test("Resumes from the last id after an end and after a broken connection, and stops at 204")
    func resumes() async throws {
        try await ScriptedServer.withServer { server in
            server.enqueue(.stream("retry: 2\nid: k.1\n\nid: k.2\ndata: a\n\n"))
            server.enqueue(
                .init { _, reply in
                    try await reply.start()
                    try await reply.send("id: k.3\ndata: b\n\ndata: live\n\nid: k.4\ndata: lo")
                    try await reply.cut()
                })
            server.enqueue(.stream("id: k.4\ndata: lost\n\n"))
            server.enqueue(.status(204))
            let events = try await events(from: server, lastEventID: "k.0")
            #expect(events.map(\.data) == ["a", "b", "live", "lost"])
            #expect(events.map(\.ownID) == ["k.2", "k.3", nil, "k.4"])
            #expect(server.requests.map { $0.headers["last-event-id"] } == ["k.0", "k.2", "k.3", "k.4"])
            #expect(server.requests.allSatisfy { $0.headers["accept"] == "text/event-stream" })
            #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer t" })
        }
    }

    @Test("A bare id primes the cursor, and none is sent before the first")
    func primes() async throws {
        try await ScriptedServer.withServer { server in
            server.enqueue(.stream("retry: 1\nid: k.7\n\n"))
            server.enqueue(.status(204))
            let events = try await self.events(from: server)
            #expect(events.isEmpty)
            #expect(server.requests.map { $0.headers["last-event-id"] } == [nil, "k.7"])
        }
    }

    @Test("Ends for good at any other status", arguments: [201, 400, 401, 404, 409, 500, 502, 503])
    func badStatus(status: Int) async throws {
        try await ScriptedServer.withServer { server in
            server.enqueue(.status(status, headers: ["content-type": "application/problem+json"], body: "{\"title\":\"no\"}"))
            let error = await #expect(throws: EventStreamError.self) { try await events(from: server) }
            #expect(error?.code == .badStatus)
            #expect(error?.status == status)
            #expect(error?.body == Array("{\"title\":\"no\"}".utf8))
            #expect(server.requests.count == 1)
        }
    }

    @Test("Ends for good at another content type", arguments: ["text/html", "text/event-stream-x", "application/json"])
    func badType(type: String) async throws {
        try await ScriptedServer.withServer { server in
            server.enqueue(.stream("data: a\n\n", type: type))
            let error = await #expect(throws: EventStreamError.self) { try await events(from: server) }
            #expect(error?.code == .badContentType)
        }
    }

    @Test("Parameters and case of the content type do not matter")
    func goodType() async throws {
        try await ScriptedServer.withServer { server in
            server.enqueue(.stream("data: a\n\n", type: "Text/Event-Stream ; charset=utf-8"))
            let events = try await self.events(from: server, count: 1)
            #expect(events.map(\.data) == ["a"])
        }
    }

    @Test("An overloaded node is asked again")
    func overloaded() async throws {
        try await ScriptedServer.withServer { server in
            server.enqueue(.stream("retry: 3\nevent: overloaded\ndata: {}\n\n"))
            server.enqueue(.stream("event: overloaded\ndata: {}\n\n"))
            server.enqueue(.stream("id: k.1\ndata: a\n\n"))
            let events = try await self.events(from: server, count: 3)
            #expect(events.map(\.name) == ["overloaded", "overloaded", "message"])
        }
    }

    @Test("Gives up after as many failures in a row as allowed")
    func unreachable() async throws {
        let waits = Mutex<[Int]>([])
        let httpClient = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: PressroomClient.defaultHTTPConfiguration)
        // A port that was free a moment ago.
        let port = try await ScriptedServer.withServer { $0.port }
        var policy = Self.fast
        policy.maxFailures = 3
        let source = EventSource(
            url: "http://127.0.0.1:\(port)/", policy: policy, httpClient: httpClient,
            onReconnect: { wait in waits.withLock { $0.append(wait.failures) } })
        let error = await #expect(throws: EventStreamError.self) { for try await _ in source {} }
        #expect(error?.code == .unreachable)
        #expect(waits.withLock { $0 } == [1, 2])
        try await httpClient.shutdown()
    }

    @Test("Connects again when the first attempts break before any answer")
    func brokenHandshake() async throws {
        try await ScriptedServer.withServer { server in
            server.enqueue(.init { _, reply in try await reply.cut() })
            server.enqueue(.init { _, reply in try await reply.cut() })
            server.enqueue(.stream("data: a\n\n"))
            let events = try await self.events(from: server, count: 1)
            #expect(events.map(\.data) == ["a"])
        }
    }

    @Test("A line without end is refused, not gathered for ever")
    func tooLong() async throws {
        try await ScriptedServer.withServer { server in
            server.enqueue(.stream("data: " + String(repeating: "x", count: 5_000) + "\n\n"))
            let error = await #expect(throws: EventStreamError.self) { try await events(from: server, maxEventBytes: 4_096) }
            #expect(error?.code == .tooLong)
        }
    }

    @Test("Cancelling closes the connection", .limit(minutes: 2))
    func cancelling() async throws {
        try await ScriptedServer.withServer { server in
            let closed = ScriptedServer.Signal()
            let (seen, seenContinuation) = AsyncStream<Void>.makeStream()
            server.enqueue(.stall(after: ["a"], closed: closed))
            let httpClient = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: PressroomClient.defaultHTTPConfiguration)
            let source = EventSource(url: "http://127.0.0.1:\(server.port)/", policy: Self.fast, httpClient: httpClient)
            let reading = Task {
                for try await _ in source { seenContinuation.yield() }
            }
            var iterator = seen.makeAsyncIterator()
            _ = await iterator.next()
            reading.cancel()
            await closed.wait()
            await #expect(throws: CancellationError.self) { try await reading.value }
            try await httpClient.shutdown()
        }
    }

    @Test("An address that is none is no reason to try again", arguments: ["ftp://127.0.0.1/", "nonsense", ""])
    func badAddress(url: String) async throws {
        let httpClient = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: PressroomClient.defaultHTTPConfiguration)
        let source = EventSource(url: url, policy: Self.fast, httpClient: httpClient)
        let error = await #expect(throws: EventStreamError.self) { for try await _ in source {} }
        #expect(error?.code == .unreachable)
        try await httpClient.shutdown()
    }
}
