import Base
import Foundation

@testable import Workflow

enum Cron {
    static func schedule(_ expression: String, _ zone: String) throws -> CronSchedule {
        CronSchedule(try CronExpression(expression), in: try ZoneRules(zone))
    }

    /// The first `count` times after a point in time, as `2026-03-29T01:00Z`.
    static func times(_ expression: String, _ zone: String, after start: String, _ count: Int) throws -> [String] {
        let schedule = try schedule(expression, zone)
        var date = Timestamp(rfc3339: start + ":00Z")?.date ?? .distantFuture
        var times: [String] = []
        while times.count < count, let next = schedule.next(after: date) {
            times.append(text(next))
            date = next
        }
        return times
    }

    /// Without the seconds where there are none.
    static func text(_ date: Date) -> String {
        let text = String(Timestamp(date).text.prefix(19))
        return (text.hasSuffix(":00") ? String(text.dropLast(3)) : text) + "Z"
    }

    static func date(_ text: String) -> Date { Timestamp(rfc3339: text.replacing("Z", with: ":00Z"))?.date ?? .distantPast }
}
