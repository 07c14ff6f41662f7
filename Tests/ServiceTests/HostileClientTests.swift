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
                    let drops = connection.drip(after: beginning)
                    defer { drops.cancel() }
                    return try await connection.restText()
                }
            }
            // What has sent a whole head is told why.
            if beginning.hasPrefix("POST") { #expect(answer.hasPrefix("HTTP/1.1 408"), "\(answer)") }
        }
    }

    @Test func whatIsWrongIsRefusedAndChangesNothing() async throws {
        try await withHostileService { service in
            try await service.publish(Definitions.held())
            let head = try await service.number("SELECT position FROM pressroom.stream_heads")
            for attack in Attack.all {
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
