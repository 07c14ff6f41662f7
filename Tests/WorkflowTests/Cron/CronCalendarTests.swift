import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct CronCalendarTests {
    /// crontab(5): with both days restricted either is enough; a field that begins with `*` restricts nothing, and then
    /// both must fit.
    @Test(arguments: [
        ("0 0 13 * 5", ["2026-03-06T00:00Z", "2026-03-13T00:00Z", "2026-03-20T00:00Z", "2026-03-27T00:00Z", "2026-04-03T00:00Z", "2026-04-10T00:00Z", "2026-04-13T00:00Z"]),
        ("0 0 13 * *", ["2026-03-13T00:00Z", "2026-04-13T00:00Z"]),
        ("0 0 * * 5", ["2026-03-06T00:00Z", "2026-03-13T00:00Z"]),
        ("0 0 */2 * 5", ["2026-03-13T00:00Z", "2026-03-27T00:00Z", "2026-04-03T00:00Z"]),
        ("0 0 1-7 * */7", ["2026-03-01T00:00Z", "2026-04-05T00:00Z"]),
        ("0 0 31 * *", ["2026-03-31T00:00Z", "2026-05-31T00:00Z", "2026-07-31T00:00Z"]),
        ("30 23 31 12 *", ["2026-12-31T23:30Z", "2027-12-31T23:30Z"]),
        ("59 23 28-31 2 *", ["2027-02-28T23:59Z", "2028-02-28T23:59Z", "2028-02-29T23:59Z"]),
        ("0 0 29 2 *", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]),
        ("*/25 22-23 * * *", ["2026-03-01T22:00Z", "2026-03-01T22:25Z", "2026-03-01T22:50Z", "2026-03-01T23:00Z"]),
    ])
    func days(expression: String, expected: [String]) throws {
        // One of the first Sundays of March: 2026-03-01.
        #expect(try Cron.times(expression, "UTC", after: "2026-02-28T23:59", expected.count) == expected)
    }

    @Test func leapDaysAcrossACentury() throws {
        #expect(try Cron.times("0 0 29 2 *", "UTC", after: "2096-02-28T00:00", 2) == ["2096-02-29T00:00Z", "2104-02-29T00:00Z"])
        // A 29 February that is a Sunday: 28 years apart, 40 across the year 2100.
        #expect(
            try Cron.times("0 0 29 2 */7", "UTC", after: "2060-01-01T00:00", 3)
                == ["2060-02-29T00:00Z", "2088-02-29T00:00Z", "2128-02-29T00:00Z"])
    }

    @Test func aTimeIsNotAfterItself() throws {
        let schedule = try Cron.schedule("0 12 * * *", "UTC")
        let noon = Cron.date("2026-03-01T12:00Z")
        #expect(schedule.next(after: noon).map(Cron.text) == "2026-03-02T12:00Z")
        #expect(schedule.next(after: noon - 0.000_001).map(Cron.text) == "2026-03-01T12:00Z")
        #expect(schedule.next(after: noon + 0.5).map(Cron.text) == "2026-03-02T12:00Z")
        #expect(schedule.next(after: noon - 60).map(Cron.text) == "2026-03-01T12:00Z")
    }

    @Test func theLastTimeOfASpan() throws {
        let schedule = try Cron.schedule("*/20 3 1 * *", "UTC")
        func last(_ start: String, _ end: String) -> String? {
            schedule.last(after: Cron.date(start), through: Cron.date(end)).map(Cron.text)
        }
        #expect(last("2026-01-01T03:40Z", "2026-02-01T02:59Z") == nil)
        #expect(last("2026-01-01T03:00Z", "2026-02-01T02:59Z") == "2026-01-01T03:40Z")
        #expect(last("2026-01-01T03:00Z", "2026-02-01T03:20Z") == "2026-02-01T03:20Z")
        #expect(last("2020-01-01T00:00Z", "2026-12-24T00:00Z") == "2026-12-01T03:40Z")
        #expect(last("2026-02-01T03:20Z", "2026-02-01T03:20Z") == nil)
    }
}
