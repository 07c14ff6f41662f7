import API
import Broadcast
import Foundation
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import Testing

/// How connections are accepted.
@Suite struct AcceptTests {
    private static let request = "GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n"

    /// The loops that fan out are busy all the time; who connects meanwhile is let in by the first try.
    @Test func aBurstOfEventsKeepsNobodyOut() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            let logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() }
            var tailing = TailerConfiguration()
            tailing.pollInterval = .milliseconds(10)
            let tailer = Tailer(store: api.store, feed: api.feed, configuration: tailing, logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await tailer.run() }
                let subscribers = try await open(500, port: api.port)
                let pace = try await CountingReader.connect(port: api.port, request: Self.request)
                try await pace.received(events: 1)
                group.addTask {
                    // As fast as they take it.
                    var number = 1
                    while !Task.isCancelled {
                        number += 1
                        _ = try await api.client.query(
                            """
                            UPDATE pressroom.tasks SET result = jsonb_build_object('news', repeat('x', 1000))
                             WHERE task_id = \(task)
                            """)
                        try await pace.received(events: number)
                    }
                }
                // The burst has begun.
                for subscriber in subscribers { try await subscriber.received(events: 2) }
                let newcomers = try await open(1_000, port: api.port)
                #expect(newcomers.count == 1_000)
                #expect(try #require(SocketFacts.drops(ofListenerOn: api.port)) == 0)
                group.cancelAll()
                for reader in subscribers + newcomers + [pace] { reader.close() }
                while let result = await group.nextResult() {
                    if case .failure(let error) = result, !(error is CancellationError) { print("\(error)") }
                }
            }
        }
    }

    /// Connects all of them at once; each has its first bytes.
    private func open(_ count: Int, port: Int) async throws -> [CountingReader] {
        try await withThrowingTaskGroup(of: CountingReader.self) { group in
            for _ in 0..<count {
                group.addTask {
                    let reader = try await CountingReader.connect(port: port, request: Self.request)
                    try await reader.received(events: 1)  // the opening block
                    return reader
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func deadPeersAreNoticed() async throws {
        try await APIFixture.with(configure: { $0.tcpUserTimeout = .seconds(42) }) { api in
            let reader = try await CountingReader.connect(port: api.port, request: Self.request)
            try await reader.received(events: 1)
            let port = try #require(reader.localPort)
            #expect(SocketFacts.tcpOption(TCP_USER_TIMEOUT, ofConnectionFrom: port, to: api.port) == 42_000)
            #expect(SocketFacts.tcpOption(TCP_KEEPIDLE, ofConnectionFrom: port, to: api.port) == 21)
            #expect(SocketFacts.tcpOption(TCP_NODELAY, ofConnectionFrom: port, to: api.port) == 1)
            reader.close()
        }
    }

    @Test func responsesHaveADate() async throws {
        try await APIFixture.with { api in
            let before = Date().addingTimeInterval(-1)
            let answer = try await api.send(.GET, "/health")
            let format = DateFormatter()
            format.locale = Locale(identifier: "en_US_POSIX")
            format.timeZone = TimeZone(identifier: "GMT")
            format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            let date = try #require(answer.headers.first(name: "date").flatMap(format.date(from:)))
            #expect(before < date && date <= Date())
            #expect(answer.headers["server"] == ["pressroom"])
        }
    }
}
