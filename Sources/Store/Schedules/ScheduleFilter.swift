/// What a list of schedules is narrowed by; nil means: not by this.
package struct ScheduleFilter: Sendable {
    package var workflow: String?
    package var isEnabled: Bool?

    package init() {}
}
