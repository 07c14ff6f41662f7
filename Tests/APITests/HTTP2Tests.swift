import Base
import API
import AsyncHTTPClient
import Broadcast
import Foundation
import NIOCore
import NIOHTTP1
import Store
import Testing

/// Streams and requests over HTTP/2.
@Suite struct HTTP2Tests {
    @Test func aHundredStreamsShareOneConnection() async throws {
        try await SecureFixture.with { secure in
            try await withThrowingTaskGroup(of: [Int64].self) { group in
                var streams: [HTTPClientResponse] = []
                for _ in 0..<100 {
                    let stream = try await secure.open("/api/v1/stream?from=now")
                    #expect(stream.version == .http2)
                    #expect(stream.headers["content-type"] == ["text/event-stream"])
                    #expect(stream.headers["connection"].isEmpty)
                    streams.append(stream)
                }
                for stream in streams { group.addTask { try await stream.positions(30) } }
                try await secure.publish(30)
                let all = try await group.reduce(into: []) { $0.append($1) }
                #expect(Set(all).count == 1 && all.count == 100)
                let first = try #require(all.first?.first)
                #expect(all.first == Array(first..<first + 30))
            }
            #expect(SocketFacts.connections(to: secure.api.port) == 1)
        }
    }

    @Test func aStreamThatIsReadLateGetsEverything() async throws {
        var hub = HubConfiguration()
        hub.maxUnsentBytes = 256 << 10
        try await SecureFixture.with(hub: hub) { secure in
            let stuck = try await secure.open("/api/v1/stream?from=now")
            #expect(stuck.version == .http2)
            let good = try await secure.open("/api/v1/stream?from=now")
            // Together more than the client's window of 8 MiB and the bound, one after the other, so that a reader who
            // reads is never behind.
            try await secure.publish(1, bytes: 200_000)
            let positions = try await good.positions(60) { try await secure.publish(1, bytes: 200_000) }
            #expect(positions == Array(positions[0]..<positions[0] + 60))
            #expect(SocketFacts.connections(to: secure.api.port) == 1)
            #expect(try await stuck.positions(60) == positions)
            let again = try await secure.open("/health")
            #expect(again.status == .ok)
        }
    }

    @Test func aStreamThatIsNotReadIsCutOff() async throws {
        var hub = HubConfiguration()
        hub.maxUnsentBytes = 256 << 10
        hub.heartbeat = .milliseconds(100)
        try await SecureFixture.with(hub: hub) { secure in
            let stuck = try await secure.open("/api/v1/stream?from=now")
            try await secure.publish(60, bytes: 200_000)
            // Its reader takes nothing of what the client's window has no place for.
            while secure.api.hub.streamCount > 0 { try await Task.sleep(for: .milliseconds(20)) }
            await #expect(throws: (any Error).self) { _ = try await stuck.positions(60) }
            let again = try await secure.open("/health")
            #expect(again.status == .ok)
        }
    }

    @Test func streamsOfTasksEnd() async throws {
        try await SecureFixture.with { secure in
            let path = "/api/v1/tasks/\(secure.task)"
            let head = try await secure.open(path + "/stream", method: .HEAD)
            #expect(head.status == .ok && head.headers["connection"].isEmpty)
            #expect(try await head.text().isEmpty)
            let stream = try await secure.open(path + "/stream")
            let cancelled = try await secure.open(path + "/cancel", method: .POST)
            #expect(cancelled.status == .ok)
            _ = try await cancelled.text()
            let text = try await stream.text()
            #expect(text.contains("event: state\n") && text.contains("event: end\n"))
            let cursor = try #require(text.matches(of: /id: (\S+)/).last?.1)
            let none = try await secure.open(path + "/stream?cursor=\(cursor)")
            #expect(none.version == .http2 && none.status == .noContent)
        }
    }

    @Test func aFullNodeSaysSo() async throws {
        var hub = HubConfiguration()
        hub.maxStreams = 0
        try await SecureFixture.with(hub: hub) { secure in
            let browser = try await secure.open("/api/v1/stream")
            #expect(browser.version == .http2 && browser.status == .ok && browser.headers["connection"].isEmpty)
            #expect(try await browser.text().contains("event: overloaded\n"))
            let other = try await secure.open("/api/v1/stream", headers: [:])
            #expect(other.status == .serviceUnavailable)
        }
    }

    @Test func heartbeatsAreSent() async throws {
        var hub = HubConfiguration()
        hub.heartbeat = .milliseconds(100)
        // Without heartbeats the stream ends, and the test fails.
        hub.maxAge = .seconds(40)
        try await SecureFixture.with(hub: hub) { secure in
            let stream = try await secure.open("/api/v1/stream")
            #expect(stream.version == .http2)
            var text = ""
            var count = 0
            for try await bytes in stream.body {
                text += String(buffer: bytes)
                count = text.components(separatedBy: "\n").dropLast().count { $0 == ":" }
                if count >= 3 { break }
            }
            #expect(count >= 3, "\(text)")
        }
    }

    @Test func requestsKeepTheirLimits() async throws {
        try await SecureFixture.with(configure: {
            $0.requestTimeout = .milliseconds(300)
            $0.maxBodyBytes = 10_000
        }) { secure in
            let headers: HTTPHeaders = ["content-type": "application/json"]
            let (never, hold) = AsyncStream<ByteBuffer>.makeStream()
            defer { hold.finish() }
            let late = try await secure.open(
                "/api/v1/tasks", method: .POST, headers: headers, body: .stream(never, length: .unknown))
            #expect(late.version == .http2 && late.status == .requestTimeout)
            #expect(late.headers["content-type"] == ["application/problem+json"])
            let long = try await secure.open(
                "/api/v1/tasks", method: .POST, headers: headers,
                body: .bytes(Array(String(repeating: " ", count: 20_000).utf8)))
            #expect(long.status == .payloadTooLarge)
            let missing = try await secure.open("/api/v1/nothing", headers: [:])
            #expect(missing.status == .notFound)
            #expect(try await missing.text().contains("\"status\":404"))
            let list = try await secure.open("/api/v1/tasks", method: .HEAD, headers: [:])
            #expect(list.status == .ok)
        }
    }
}
