import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

/// What checks/invariants.sql says of schedules, broken by hand.
@Suite("Invariants of schedules", .timeLimit(.minutes(2)))
struct ScheduleInvariantTests {
    private func broken(_ newsroom: Newsroom) async throws -> Set<String> {
        let path = PostgresTestDirectory.migrations + "/../checks/invariants.sql"
        let report = try await newsroom.store.checkInvariants(
            script: try String(contentsOfFile: path, encoding: .utf8), tasks: .all, grace: .seconds(60))
        return Set(report.broken.map(\.name))
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
            // Without a node nobody could fire it.
            #expect(try await broken(newsroom) == [])
            _ = try await newsroom.client.query("INSERT INTO pressroom.processors (host, pid) VALUES ('here', 1)")
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
