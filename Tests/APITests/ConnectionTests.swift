import Base
import API
import Foundation
import Testing
import Workflow

/// What a connection does with clients that do not speak HTTP well.
@Suite struct ConnectionTests {
    private static let post = "POST /api/v1/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"

    struct Malformed: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let status: String

        var testDescription: String { name }
    }

    static let malformed: [Malformed] = [
        .init(name: "TLS", text: "\u{16}\u{03}\u{01}\r\n\r\n", status: "400"),
        .init(name: "header without a colon", text: "GET / HTTP/1.1\r\nno colon\r\n\r\n", status: "400"),
        .init(
            name: "large header", text: "GET /health HTTP/1.1\r\nhost: localhost\r\nx: " + String(repeating: "a", count: 40_000) + "\r\n\r\n",
            status: "431"),
        .init(name: "broken chunk", text: post + "transfer-encoding: chunked\r\n\r\nzz\r\n", status: "400"),
        .init(
            name: "two lengths", text: post + "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", status: "400"),
        .init(
            name: "path that is not UTF-8", text: "GET /api/v1/workflows/%ff HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            status: "400"),
        .init(
            name: "NUL in a path", text: "GET /api/v1/workflows/a%00b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            status: "400"),
        .init(
            name: "broken percent encoding", text: "GET /api/v1/tasks?q=%zz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            status: "400"),
    ]

    @Test(arguments: malformed) func malformedRequestsGetAProblem(_ malformed: Malformed) async throws {
        try await APIFixture.with { api in
            let received = try await exchange(port: api.port, [malformed.text])
            #expect(received.hasPrefix("HTTP/1.1 \(malformed.status) "), "\(received.prefix(200))")
            #expect(received.lowercased().contains("content-type: application/problem+json"))
        }
    }

    @Test func aBodyThatDoesNotComeIsNotWaitedFor() async throws {
        try await APIFixture.with(configure: { $0.requestTimeout = .milliseconds(200) }) { api in
            let received = try await exchange(port: api.port, [Self.post + "content-length: 100\r\n\r\n", "{"])
            #expect(received.hasPrefix("HTTP/1.1 408 "))
            #expect(received.components(separatedBy: "HTTP/1.1 ").count == 2)
        }
    }

    @Test func anEarlyRefusalIsTheOnlyAnswer() async throws {
        try await APIFixture.with(configure: { $0.requestTimeout = .milliseconds(200) }) { api in
            let received = try await exchange(port: api.port, [Self.post + "content-length: 99999999\r\n\r\n", "{"])
            #expect(received.hasPrefix("HTTP/1.1 413 "))
            #expect(received.components(separatedBy: "HTTP/1.1 ").count == 2)
        }
    }

    @Test func aConnectionThatSaysNothingIsClosed() async throws {
        try await APIFixture.with(configure: { $0.idleTimeout = .milliseconds(200) }) { api in
            let silent = try await exchange(port: api.port, [])
            let unfinished = try await exchange(port: api.port, ["GET /health HTTP/1.1\r\n", "host: localhost\r\n"])
            #expect(silent.isEmpty && unfinished.isEmpty)
        }
    }

    @Test func aLongBodyIsRefusedWithoutAnAnnouncement() async throws {
        try await APIFixture.with(configure: { $0.maxBodyBytes = 1000 }) { api in
            let chunk = "200\r\n" + String(repeating: " ", count: 512) + "\r\n"
            let received = try await exchange(
                port: api.port, [Self.post + "connection: close\r\ntransfer-encoding: chunked\r\n\r\n", chunk, chunk, chunk, "0\r\n\r\n"])
            #expect(received.hasPrefix("HTTP/1.1 413 "), "\(received.prefix(200))")
        }
    }

    @Test func aClientThatAsksFirstIsInvited() async throws {
        try await APIFixture.with { api in
            let received = try await exchange(
                port: api.port, [Self.post + "connection: close\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n", "{}"])
            #expect(received.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 422 "), "\(received.prefix(200))")
        }
    }
}
