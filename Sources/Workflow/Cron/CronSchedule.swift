package import Foundation

/// A cron expression on the clocks of a time zone.
///
/// What happens when the clocks are changed is what Debian's cron does (cron(8), "special considerations exist when the
/// clock is changed by less than 3 hours, for example at the beginning and end of daylight savings time"):
///
/// | clocks | expression names times (`30 2 * * *`) | minute or hour begins with `*` (`*/15 * * * *`) |
/// |---|---|---|
/// | go forward by less than 3 hours | times in the gap fire once, together, at its end | nothing in the gap; goes on after it |
/// | go back by less than 3 hours | a time that comes twice fires the first time | fires both times: it goes on in real time |
/// | change by 3 hours or more (a zone crosses the date line) | by the new time at once | by the new time at once |
package struct CronSchedule: Sendable, Hashable {
    package let expression: CronExpression
    package let zone: ZoneRules

    package init(_ expression: CronExpression, in zone: ZoneRules) {
        self.expression = expression
        self.zone = zone
    }

    /// Changes of this size and more are not daylight saving.
    private static let largeChange: Int64 = 3 * 3_600

    /// The first time after `date`; nil when none comes in some fifty years.
    package func next(after date: Date) -> Date? {
        next(after: Int64(date.timeIntervalSince1970.rounded(.down))).map { Date(timeIntervalSince1970: TimeInterval($0)) }
    }

    /// The last time after `start` and not after `end`; nil when there is none.
    package func last(after start: Date, through end: Date) -> Date? {
        var limit = Int64(end.timeIntervalSince1970.rounded(.down))
        guard var last = next(after: Int64(start.timeIntervalSince1970.rounded(.down))), last <= limit else { return nil }
        // There is a time at `last` and none after `limit`.
        while last < limit {
            let middle = last + (limit - last) / 2
            if let later = next(after: middle), later <= limit { last = later } else { limit = middle }
        }
        return Date(timeIntervalSince1970: TimeInterval(last))
    }

    /// Walks from one offset of the zone to the next, each with its own stretch of local time.
    private func next(after date: Int64) -> Int64? {
        // Early enough to see every change of the clock that matters for times after `date`.
        var instant = date - Self.largeChange
        var offset = zone.offset(at: instant)
        var from = instant + offset
        while let local = expression.firstLocalTime(from: max(from, date + 1 + offset)) {
            guard let change = zone.change(after: instant, through: local - offset) else { return local - offset }
            let newOffset = zone.offset(at: change)
            let (before, after) = (change + offset, change + newOffset)
            from = after
            if expression.isFixed, abs(newOffset - offset) < Self.largeChange {
                if before < after {
                    let skipped = expression.firstLocalTime(from: before)
                    if change > date, let skipped, skipped < after { return change }
                } else {
                    from = before
                }
            }
            (instant, offset) = (change, newOffset)
        }
        return nil
    }
}

/// What to do for a schedule that is due: start at most one task, however many times have passed.
package struct FiringPlan: Sendable, Equatable {
    /// The time that a task is started for; nil: no task.
    package let fires: Date?
    /// The last time that passed without a task and was not made up for; nil without one.
    package let missed: Date?
    /// The next time; nil when none is near.
    package let next: Date?

    /// - Parameters:
    ///   - due: the time that was planned, not after `now`.
    ///   - grace: by how much a task may be late without being a misfire.
    package init(_ schedule: CronSchedule, due: Date, now: Date, grace: Duration, misfire: MisfirePolicy) {
        // An operator may have set a time that the expression does not name.
        let last = schedule.last(after: due, through: now) ?? due
        let isLate = now.timeIntervalSince(last) > grace / .seconds(1)
        fires = isLate && misfire == .skip ? nil : last
        missed = isLate && misfire == .skip ? last : nil
        next = schedule.next(after: max(now, due))
    }
}

/// What to do about times that passed while no node could fire.
package enum MisfirePolicy: String, Sendable, CaseIterable {
    /// Skip them.
    case skip
    /// Start one task for all of them, at once.
    case runOnce = "run_once"
}
