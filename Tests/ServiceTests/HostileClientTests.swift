import Client
import Foundation
import Postgres
import Testing
import Workflow

/// Clients that are slow, broken or malicious hurt only themselves, and are no fault of the service's.
@Suite struct HostileClientTests {
    private static let yaml = """
        http: {request_timeout: 1s, idle_timeout: 1s, max_body_bytes: 64KiB}
        streams: {max_unsent_bytes: 64KiB}
        """

    /// A service that must be well afterwards and blame itself for nothing.
    private func withHostileService(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        try await withService(ServiceSetup(yaml: Self.yaml)) { service in
            try await body(service)
            let answer = try await RawConnection.with(port: service.port) { connection in
                try await connection.send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return try await connection.restText()
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
        }
    }

    @Test(
        "closes what sends a byte now and then",
        arguments: [
            "",
            "GET /api/v1/tasks HTTP/1.1\r\nHost: x\r\nX-Slow: ",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n",
        ])
    func slowLoris(beginning: String) async throws {
        try await withHostileService { service in
            let answer = try await within(.seconds(30), "the connection to be closed") {
                try await RawConnection.with(port: service.port) { connection in
                    let dripping = connection
                    let drops = Task {
                        try await dripping.send(beginning)
                        while true {
                            try await Task.sleep(for: .milliseconds(200))
                            try await dripping.send("x")
                        }
                    }
                    defer { drops.cancel() }
                    return try await connection.restText()
                }
            }
            // What has sent a whole head is told why.
            if beginning.hasPrefix("POST") { #expect(answer.hasPrefix("HTTP/1.1 408"), "\(answer)") }
        }
    }

    /// A request as bytes, and how the answer has to begin.
    struct Attack: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let status: Int?

        init(_ name: String, _ text: String, _ status: Int?) {
            self.init(name, Array(text.utf8), status)
        }

        init(_ name: String, _ bytes: [UInt8], _ status: Int?) {
            self.name = name
            self.bytes = bytes
            self.status = status
        }

        /// A request with this body.
        static func post(_ name: String, _ path: String = "/api/v1/tasks", type: String = "application/json", _ body: [UInt8], _ status: Int)
            -> Attack
        {
            let head = "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n"
            return Attack(name, Array(head.utf8) + body, status)
        }

        var testDescription: String { name }
    }

    private static let attacks: [Attack] = [
        Attack("random bytes", [0x00, 0xFF, 0xFE, 0x0D, 0x0A, 0x0D, 0x0A, 0x80], nil),
        Attack("a TLS hello", [0x16, 0x03, 0x01, 0x00, 0xA5, 0x01, 0x00, 0x00, 0xA1, 0x03, 0x03, 0x0D, 0x0A, 0x0D, 0x0A], nil),
        Attack("another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
        Attack("a HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nil),
        Attack("a header without a name", "GET / HTTP/1.1\r\nHost: x\r\n: nothing\r\n\r\n", 400),
        Attack("a NUL in a header", "GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400),
        Attack("a huge header", "GET / HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 100_000))\r\n\r\n", 431),
        Attack("a huge target", "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: x\r\n\r\n", nil),
        Attack(
            "two lengths", "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\n{}", 400),
        Attack(
            "a length and chunks",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /", 400),
        Attack("a negative length", "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        Attack(
            "a chunk that is none",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        Attack(
            "a body that announces too much",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{", 413),
        .post("a body that is too large", Array(repeating: 0x20, count: 100_000), 413),
        Attack(
            "chunks that become too much",
            "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "186a0\r\n" + String(repeating: " ", count: 100_000) + "\r\n0\r\n\r\n", 413),
        .post("invalid UTF-8", Array("{\"workflow\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8), 400),
        .post("a lone surrogate", Array(#"{"workflow":"\ud800"}"#.utf8), 400),
        .post("a NUL in a text", Array(#"{"workflow":"held\u0000","input":{}}"#.utf8), 422),
        .post("deep nesting", Array(repeating: 0x5B, count: 60_000), 400),
        .post("half a document", Array(#"{"workflow":"#.utf8), 400),
        .post("invalid UTF-8 in YAML", "/api/v1/workflows", type: "application/yaml", Array("name: ".utf8) + [0xFF, 0xFE], 400),
        .post("a YAML bomb", "/api/v1/workflows", type: "application/yaml", Array(yamlBomb.utf8), 422),
        .post("a type that nobody reads", type: "image/png", [0x89, 0x50], 415),
        Attack("an id that is none", "GET /api/v1/tasks/1%20OR%201=1/state HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        Attack("a cursor that is none", "GET /api/v1/stream?cursor=%00 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n", 400),
        Attack("a path out of the folder", "GET /../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", nil),
        Attack("the same, encoded", "GET /%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", nil),
        Attack("percent signs at the end", "GET /api/v1/tasks/%f HTTP/1.1\r\nHost: x\r\n\r\n", nil),
    ]

    private static let yamlBomb =
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + (1...9).map { number in
            let (this, last) = (Character(UnicodeScalar(UInt8(97 + number))), Character(UnicodeScalar(UInt8(96 + number))))
            return "\(this): &\(this) [\(Array(repeating: "*\(last)", count: 9).joined(separator: ", "))]\n"
        }.joined()

    @Test func whatIsWrongIsRefusedAndChangesNothing() async throws {
        try await withHostileService { service in
            try await service.publish(Definitions.held())
            let head = try await service.number("SELECT position FROM pressroom.stream_heads")
            for attack in Self.attacks {
                let answer = try await within(.seconds(20), "an answer to \(attack.name)") {
                    try await RawConnection.with(port: service.port) { connection in
                        // The service may close before everything is sent.
                        try? await connection.send(attack.bytes)
                        connection.finishSending()
                        return try await connection.restText()
                    }
                }
                let status = answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
                if let expected = attack.status {
                    #expect(status == expected, "\(attack.name): \(answer.prefix(300))")
                    #expect(answer.contains("application/problem+json"), "\(attack.name)")
                } else {
                    #expect(status.map { (400..<500).contains($0) || $0 == 505 } ?? true, "\(attack.name): \(answer.prefix(300))")
                }
                #expect(!answer.contains("root:"), "\(attack.name)")
            }
            #expect(try await service.number("SELECT position FROM pressroom.stream_heads") == head)
            #expect(try await service.number("SELECT count(*) FROM pressroom.tasks") == 0)
            #expect(try await service.number("SELECT count(*) FROM pressroom.workflows") == 1)
        }
    }

    @Test func aReaderThatStopsReadingHurtsOnlyItself() async throws {
        try await withHostileService { service in
            try await service.publish(Definitions.held())
            let task = try await service.startTask("held")
            try await service.waitForHold(of: task)
            let cursor = try await service.client.taskState(task).cursor
            let output = try #require(try await service.client.taskState(task).outputs.first?.id)
            let updates = 400
            let isStuck = Eventual<Void>()
            let wasRead = Eventual<Void>()
            async let stuck = RawConnection.with(port: service.port, receiveBuffer: 8192) { connection in
                try await connection.send(
                    "GET /api/v1/tasks/\(task)/stream?cursor=\(cursor) HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
                var stream = StreamBytes(lastEventID: cursor)
                _ = try stream.append(try await connection.next() ?? [])
                isStuck.set(())
                // Reads on when all the others have long been served.
                try await wasRead.get()
                while let bytes = try await connection.next() { _ = try stream.append(bytes) }
                return stream
            }
            try await isStuck.get()
            async let reading = Self.contents(of: task, after: cursor, count: updates, service)
            // More than all the buffers of a connection hold.
            for number in 0..<updates {
                _ = try await service.sql(
                    "UPDATE pressroom.outputs SET content = repeat(\("\(number) "), 12000) WHERE id = \(output)::uuid")
            }
            #expect(try await reading == updates)
            wasRead.set(())
            let stream = try await stuck
            #expect(!stream.isComplete, "the reader was not cut off")
            let last = try #require(Cursor(stream.parser.lastEventID))
            let head = Int64(try await service.number("SELECT position FROM pressroom.stream_heads"))
            #expect(last.position < head)
            // It resumes from there and misses nothing.
            #expect(
                try await Self.contents(of: task, after: last.description, count: Int(head - last.position), service)
                    == Int(head - last.position))
        }
    }

    /// Reads so many changes of outputs, whose positions must follow each other.
    private static func contents(of task: String, after cursor: String, count: Int, _ service: TestService) async throws -> Int {
        var last = try #require(Cursor(cursor)).position
        var seen = 0
        for try await event in service.client.events(of: task, after: cursor, policy: .eager) {
            guard let id = event.ownID else { continue }
            let position = try #require(Cursor(id)).position
            #expect(position == last + 1)
            last = position
            seen += 1
            if seen == count { break }
        }
        return seen
    }

    @Test func halfClosedAndBrokenConnectionsAreLetGo() async throws {
        try await withHostileService { service in
            try await service.publish(Definitions.held())
            let task = try await service.startTask("held")
            try await service.waitForHold(of: task)
            // A half-closed request is still answered.
            let answer = try await RawConnection.with(port: service.port) { connection in
                try await connection.send("GET /api/v1/tasks/\(task) HTTP/1.1\r\nHost: x\r\n\r\n")
                connection.finishSending()
                return try await connection.restText()
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer.prefix(200))")
            // A reader that has closed its half has left.
            _ = try await within(.seconds(20), "the stream to be closed") {
                try await RawConnection.with(port: service.port) { connection in
                    try await connection.send(
                        "GET /api/v1/tasks/\(task)/stream HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
                    _ = try await connection.text(upTo: "event: state")
                    connection.finishSending()
                    return try await connection.rest()
                }
            }
            // Many that go in the middle of a request or of a stream.
            let port = service.port
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        try await RawConnection.with(port: port) { connection in
                            let request =
                                "GET /api/v1/tasks/\(task)/stream HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
                            try await connection.send(String(request.prefix(number * 2)))
                            if number > 80 { _ = try await connection.next() }
                        }
                    }
                }
                try await group.waitForAll()
            }
            async let end = service.end(of: task)
            try await service.client.signal("release", to: task)
            #expect(try await end == "completed")
        }
    }
}
