package import Workflow

/// What a client may set of a schedule.
package struct ScheduleValues: Sendable, Equatable {
    package var workflowName: String
    /// Nil: the latest active version at each firing.
    package var workflowVersion: String?
    package var cron: String
    package var timezone: String
    package var misfire: MisfirePolicy
    /// As it was given; the workflow's defaults are filled in at each firing.
    package var input: JSON
    package var config: JSON
    package var context: ScheduleContext
    /// −1000 to 1000.
    package var priority: Int
    package var isEnabled: Bool

    package init(
        workflowName: String, workflowVersion: String?, cron: String, timezone: String, misfire: MisfirePolicy, input: JSON,
        config: JSON, context: ScheduleContext, priority: Int, isEnabled: Bool
    ) {
        self.workflowName = workflowName
        self.workflowVersion = workflowVersion
        self.cron = cron
        self.timezone = timezone
        self.misfire = misfire
        self.input = input
        self.config = config
        self.context = context
        self.priority = priority
        self.isEnabled = isEnabled
    }

    /// When it fires.
    ///
    /// - Throws: `ProblemList` with the pointers `/cron` and `/timezone`.
    package func cronSchedule() throws(ProblemList) -> CronSchedule {
        var problems: [Problem] = []
        var expression: CronExpression?
        var zone: ZoneRules?
        do { expression = try CronExpression(cron) } catch { problems.append(Problem(pointer: "/cron", detail: "\(error)")) }
        do { zone = try ZoneRules(timezone) } catch { problems.append(Problem(pointer: "/timezone", detail: "\(error)")) }
        guard let expression, let zone else { throw ProblemList(problems) }
        return CronSchedule(expression, in: zone)
    }
}
