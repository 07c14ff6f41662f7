import Base
import Client
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// Clients that are slow, broken or malicious hurt only themselves, and are no fault of the service's.
@Suite struct HostileClientTests {
    private static func yaml(heartbeat: String) -> String {
        """
        http: {request_timeout: 1s, idle_timeout: 1s, max_body_bytes: 64KiB, tcp_user_timeout: 10m}
        streams: {max_unsent_bytes: 256KiB, heartbeat: \(heartbeat)}
        """
    }

    /// A service that must be well afterwards and blame itself for nothing.
    private func withHostileService(
        heartbeat: String = "15s", _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await withService(ServiceSetup(yaml: Self.yaml(heartbeat: heartbeat))) { service in
            try await body(service)
            let answer = try await RawConnection.with(port: service.port) { connection in
                try await connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return try await connection.restText()
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
        }
    }

    /// What a slow loris has sent when it begins to send a byte now and then.
    enum SlowLoris: String, CaseIterable, Sendable {
        case nothing, header, body, chunk

        var beginning: String {
            let post = "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            return switch self {
            case .nothing: ""
            case .header: "GET /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
            case .body: post + "Content-Length: 5000\r\n\r\n"
            case .chunk: post + "Transfer-Encoding: chunked\r\n\r\n1388\r\n"
            }
        }
    }

    @Test(arguments: SlowLoris.allCases)
    func aSlowLorisIsClosed(after sent: SlowLoris) async throws {
        try await withHostileService { service in
            let answer = try await within(.seconds(30), "the connection to be closed") {
                try await RawConnection.with(port: service.port) { connection in
                    let drops = connection.drip(after: sent.beginning)
                    defer { drops.cancel() }
                    return try await connection.restText()
                }
            }
            // What has sent a whole head is told why.
            if sent == .body || sent == .chunk { #expect(answer.hasPrefix("HTTP/1.1 408"), "\(answer)") }
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
                        if attack.endsSending { connection.finishSending() }
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

    @Test func aReaderThatPausesHurtsOnlyItself() async throws {
        // Its pause is shorter than two heartbeats, however slow the machine is.
        try await withHostileService(heartbeat: "5m") { service in
            try await service.publish(Definitions.held())
            let task = try await service.startTask("held")
            try await service.waitForHold(of: task)
            let cursor = try await service.client.taskState(task).cursor
            let output = try #require(try await service.client.taskState(task).outputs.first?.id)
            let isStuck = Eventual<Void>()
            let wasRead = Eventual<Void>()
            let request = "GET /api/v1/tasks/\(task)/stream?cursor=\(cursor) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
            let port = service.port
            async let stuck = RawConnection.with(port: port, receiveBuffer: 8192) { connection in
                try await connection.send(request)
                _ = try await connection.text(upTo: "id: ")
                isStuck.set(())
                // Reads on when all the others have long been served.
                try await wasRead.get()
                return try await connection.text(upTo: "<79>")
            }
            try await isStuck.get()
            try await RawConnection.with(port: port) { good in
                try await good.send(request)
                // Together more than all the buffers of a connection hold, one after the other, so that a reader who
                // reads is never behind.
                for number in 0..<80 {
                    let text = String(repeating: "-", count: 60_000) + "<\(number)>"
                    _ = try await service.sql("UPDATE pressroom.outputs SET content = \(text) WHERE id = \(output)::uuid")
                    let seen = try await good.text(upTo: "<\(number)>")
                    try #require(seen.contains("<\(number)>"), "the good reader was cut off")
                }
            }
            wasRead.set(())
            // It goes on where it was, on the same connection, and misses nothing.
            let text = try await stuck
            let bytes = Array(text.utf8)
            let missed = (0..<80).filter { !bytes.contains(Array("<\($0)>".utf8)) }
            #expect(missed.isEmpty, "a reader that paused for less than two heartbeats lost \(missed)")
        }
    }

    @Test func halfClosedAndBrokenConnectionsAreLetGo() async throws {
        try await withHostileService { service in
            try await service.publish(Definitions.held())
            let task = try await service.startTask("held")
            try await service.waitForHold(of: task)
            // A half-closed request is still answered.
            let answer = try await RawConnection.with(port: service.port) { connection in
                try await connection.send("GET /api/v1/tasks/\(task) HTTP/1.1\r\nHost: localhost\r\n\r\n")
                connection.finishSending()
                return try await connection.restText()
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer.prefix(200))")
            // A reader that has closed its half has left.
            _ = try await within(.seconds(20), "the stream to be closed") {
                try await RawConnection.with(port: service.port) { connection in
                    try await connection.send(
                        "GET /api/v1/tasks/\(task)/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
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
                                "GET /api/v1/tasks/\(task)/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
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
