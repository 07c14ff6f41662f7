import Client

/// A schedule, for people.
enum ScheduleText {
    /// What becomes of it next.
    static func next(_ schedule: ScheduleRecord) -> String {
        schedule.isEnabled ? schedule.nextRunAt ?? "not planned" : "paused"
    }

    /// One line after a change.
    static func line(_ schedule: ScheduleRecord) -> String {
        let state = schedule.isEnabled ? schedule.nextRunAt.map { "fires next at \($0)" } ?? "is on" : "is paused"
        return SafeText.line("schedule \(schedule.id) \(state)")
    }
}
