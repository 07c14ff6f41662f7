import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct FiringPlanTests {
    private func plan(
        _ cron: String = "0 2 * * *", due: String, now: String, late: Double = 0, _ misfire: MisfirePolicy
    ) throws -> [String?] {
        let plan = FiringPlan(
            try Cron.schedule(cron, "UTC"), due: Cron.date(due), now: Cron.date(now) + late, grace: .seconds(60), misfire: misfire)
        return [plan.fires.map(Cron.text), plan.missed.map(Cron.text), plan.next.map(Cron.text)]
    }

    @Test(arguments: MisfirePolicy.allCases) func inTime(misfire: MisfirePolicy) throws {
        for late in [0, 0.25, 59, 60] {
            #expect(
                try plan(due: "2026-03-02T02:00Z", now: "2026-03-02T02:00Z", late: late, misfire)
                    == ["2026-03-02T02:00Z", nil, "2026-03-03T02:00Z"])
        }
    }

    @Test func missed() throws {
        let (due, now, next) = ("2026-03-02T02:00Z", "2026-03-04T12:00Z", "2026-03-05T02:00Z")
        #expect(try plan(due: due, now: now, .skip) == [nil, "2026-03-04T02:00Z", next])
        #expect(try plan(due: due, now: now, .runOnce) == ["2026-03-04T02:00Z", nil, next])
        #expect(try plan(due: due, now: due, late: 60.001, .skip) == [nil, due, "2026-03-03T02:00Z"])
    }

    @Test func afterAnOutageATimeThatIsJustNowIsInTime() throws {
        let expected = ["2026-03-04T02:00Z", nil, "2026-03-05T02:00Z"]
        #expect(try plan(due: "2026-03-02T02:00Z", now: "2026-03-04T02:00Z", late: 30, .skip) == expected)
        #expect(try plan(due: "2026-03-02T02:00Z", now: "2026-03-04T02:00Z", late: 30, .runOnce) == expected)
    }

    @Test func aTimeThatAnOperatorSetIsFiredForItself() throws {
        let expected = ["2026-03-02T14:30Z", nil, "2026-03-03T02:00Z"]
        #expect(try plan(due: "2026-03-02T14:30Z", now: "2026-03-02T14:30Z", .skip) == expected)
        #expect(try plan(due: "2026-03-02T14:30Z", now: "2026-03-02T18:00Z", .runOnce) == expected)
    }

    @Test func manyMissedTimesAreOneTask() throws {
        #expect(
            try plan("* * * * *", due: "2025-03-02T02:00Z", now: "2026-03-02T02:00Z", late: 12, .runOnce)
                == ["2026-03-02T02:00Z", nil, "2026-03-02T02:01Z"])
    }
}
