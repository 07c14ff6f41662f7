/// How a scheduler looks at the schedules.
package struct SchedulerConfiguration: Sendable {
    /// How often they are looked at at least; a planned time is not waited past.
    package var poll: Duration = .seconds(1)
    /// By how much a task may be late without being a misfire.
    package var grace: Duration = .seconds(60)

    package init() {}
}
