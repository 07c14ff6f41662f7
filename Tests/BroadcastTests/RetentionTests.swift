import Postgres
import Store
import Synchronization
import Testing
import Workflow

@testable import Broadcast

@Suite("A node behind retention")
struct RetentionTests {
    @Test("events that were removed before the node read them lead to a reset, not to a gap")
    func removedBeforeRead() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let recorded = Recorded()
            let stream = try await TestStream(fixture) { reason in
                recorded.reasons.withLock { $0.append(reason) }
                let head = try await fixture.head()
                return StreamStart(
                    cursor: head.cursor, openingCursor: head.cursor,
                    preface: [.reset(reason, cursor: head.cursor, isFollowedByState: false)])
            }
            // One transaction, so that no tailer can be quick enough.
            _ = try await fixture.store.write(HubFixture.scope) { connection in
                _ = try await connection.query(
                    """
                    SELECT pressroom.append_events(\(HubFixture.tenantID),
                               ARRAY[ROW(\(task)::uuid, 'custom.lost', '{"data": 1}')::pressroom.change])
                    """)
                return try await connection.query(
                    """
                    SELECT pressroom.remove_events(\(HubFixture.tenantID), 0,
                                                   pressroom.retire_events(\(HubFixture.tenantID), clock_timestamp()))
                    """)
            }
            await stream.recording.wait { $0.contains { $0.type == "reset" } }
            try await fixture.addCustom(task)
            let head = try await fixture.head()
            await stream.reaches(head.position)
            #expect(recorded.reasons.withLock { $0 } == [.expired])
            #expect(stream.recording.events.map(\.type) == ["reset", "custom.test"])
            #expect(stream.recording.events.map(\.position) == [head.position - 1, head.position])
            _ = await stream.disconnect()
        }
    }

    private final class Recorded: Sendable {
        let reasons = Mutex<[ResetReason]>([])
    }
}
