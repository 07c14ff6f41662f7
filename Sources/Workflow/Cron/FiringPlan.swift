package import Foundation

/// What is to be done for a schedule whose time has come: at most one task, however many times have passed.
package struct FiringPlan: Sendable, Equatable {
    /// The time that a task is started for; nil: no task.
    package let fires: Date?
    /// The last time that passed without a task; nil when there is none of which anybody needs to know.
    package let missed: Date?
    /// The next time; nil when none is near.
    package let next: Date?

    /// - Parameters:
    ///   - due: the time that was planned, not after `now`.
    ///   - grace: by how much a task may be late without being a misfire.
    package init(_ schedule: CronSchedule, due: Date, now: Date, grace: Duration, misfire: MisfirePolicy) {
        // The time that was planned need not be one of the expression's: an operator may have set it.
        let last = schedule.last(after: due, through: now) ?? due
        let isLate = now.timeIntervalSince(last) > grace / .seconds(1)
        fires = isLate && misfire == .skip ? nil : last
        missed = isLate && misfire == .skip ? last : nil
        next = schedule.next(after: max(now, due))
    }
}
