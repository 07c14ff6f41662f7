import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

/// What checks/invariants.sql says of schedules, broken by hand.
@Suite("Invariants of schedules", .limit(minutes: 3))
struct ScheduleInvariantTests {
    /// Which of the invariants of schedules are broken.
    private func broken(_ newsroom: Newsroom) async throws -> Set<String> {
        let path = PostgresTestDirectory.migrations + "/../checks/invariants.sql"
        let report = try await newsroom.store.checkInvariants(
            script: try String(contentsOfFile: path, encoding: .utf8), tasks: .all, grace: .zero)
        // Nothing runs the tasks here, which is what others are about.
        return Set(report.broken.map(\.name)).intersection(["due_schedules_fire", "a_time_fires_once", "firings_have_their_task"])
    }

    @Test("A sound schedule breaks none; each break is named")
    func breaks() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Newsroom.pipeline)
            let (id, late) = (try await newsroom.addSchedule(), try await newsroom.addSchedule(misfire: .skip))
            try await newsroom.makeDue(id)
            try await newsroom.fireAll()
            #expect(try await broken(newsroom) == [])
            try await newsroom.makeDue(late, secondsAgo: 3_600)
            #expect(try await broken(newsroom) == ["due_schedules_fire"])
            try await newsroom.fireAll()
            #expect(try await broken(newsroom) == [])
            // Not planned is as bad as due; that a row cannot be read is for people to mend.
            _ = try await newsroom.client.query("UPDATE pressroom.schedules SET cron = 'never' WHERE id = \(late)")
            #expect(try await broken(newsroom) == ["due_schedules_fire"])
            try await newsroom.fireAll()
            #expect(try await broken(newsroom) == [])

            _ = try await newsroom.client.query("UPDATE pressroom.tasks SET run_at = run_at - interval '1 minute'")
            #expect(try await broken(newsroom) == ["a_time_fires_once"])
            _ = try await newsroom.client.query("UPDATE pressroom.tasks SET run_at = run_at + interval '1 minute'")
            #expect(try await broken(newsroom) == [])
            _ = try await newsroom.client.query("DELETE FROM pressroom.schedule_firings WHERE schedule_id = \(id)")
            #expect(try await broken(newsroom) == ["a_time_fires_once"])
        }
    }
}
