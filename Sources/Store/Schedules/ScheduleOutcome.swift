package import Foundation
package import Workflow

/// What the scheduler has decided for a schedule.
package enum ScheduleOutcome: Sendable {
    /// The next time is planned, no more.
    case planned
    /// A task starts for the time `due`.
    case fires(TaskStart, due: Date)
    /// No task starts; `schedules.last_error` says why.
    case failed(JSON)
}

/// What became of the decision.
package enum ScheduleSettlement: Sendable, Equatable {
    /// The row says so now.
    case settled
    /// A task had been started for that time already; only the next time was planned.
    case alreadyFired
    /// Another node was faster, a client changed the schedule, or another session holds it.
    case leftAlone
}
