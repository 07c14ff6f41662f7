import Foundation
import Postgres
import Store
import Testing
import Workflow

@testable import Broadcast

@Suite("A database that goes away")
struct DatabaseRestartTests {
    @Test("after its connections were killed again and again, streams have every event once")
    func killedConnections() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let first = try await fixture.head()
            let live = try await TestStream(fixture, after: first.cursor)
            let replaying = try await TestStream(
                fixture, filter: StreamFilter(conversationID: "c1"), after: Cursor(epoch: first.epoch, position: 0))
            for _ in 0..<10 {
                try await Self.untilConnected { try await fixture.addCustom(task, count: 3) }
                _ = try? await fixture.client.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """)
            }
            try await Self.untilConnected { try await fixture.addCustom(task, count: 3) }
            // Whether a write whose connection was killed took effect is known only now.
            let last = try await Self.untilConnected { try await fixture.head().position }
            #expect(last >= first.position + 33)
            await live.reaches(last)
            await replaying.reaches(last)
            #expect(live.recording.events.compactMap(\.position) == Array((first.position + 1)...last))
            #expect(replaying.recording.events.compactMap(\.position) == Array(1...last))
            _ = await live.disconnect()
            _ = await replaying.disconnect()
        }
    }
    /// Tries again on another connection: the test's own are killed too.
    private static func untilConnected<Value>(_ body: () async throws -> Value) async throws -> Value {
        while true {
            do { return try await body() } catch let error as PostgresError where error.code == .connectionLost {}
        }
    }
}
