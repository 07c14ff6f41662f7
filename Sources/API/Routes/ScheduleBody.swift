import Store
import Workflow

/// What `POST /schedules` and `PATCH /schedules/{id}` ask for, its form checked; whether the workflow and its input fit
/// comes after.
struct ScheduleBody {
    let values: ScheduleValues
    /// Not nil when the next time is to be planned anew.
    let replanning: CronSchedule?
    /// Whether the workflow or what it is given is not what it was.
    let changesWork: Bool

    /// - Parameter current: what the body changes; nil for a new schedule.
    init(_ json: JSON, changing current: ScheduleValues?, identity: Identity) throws(ProblemError) {
        var body = BodyReader(json)
        let isNew = current == nil
        let workflow = body.string("workflow", isRequired: isNew, maxLength: 100) ?? current?.workflowName ?? ""
        // A version belongs to its workflow.
        let keepsVersion = workflow == current?.workflowName && !body.has("version")
        let version = body.string("version")
        let values = ScheduleValues(
            workflowName: workflow,
            workflowVersion: keepsVersion ? current?.workflowVersion : version,
            cron: body.string("cron", isRequired: isNew) ?? current?.cron ?? "",
            timezone: body.string("timezone", maxLength: 64) ?? current?.timezone ?? "UTC",
            misfire: body.word("misfire") ?? current?.misfire ?? .runOnce,
            input: body.object("input") ?? current?.input ?? [:],
            config: body.object("config") ?? current?.config ?? [:],
            context: Self.context(&body, current?.context, identity),
            priority: body.integer("priority", -1000...1000) ?? current?.priority ?? 0,
            isEnabled: body.boolean("enabled") ?? current?.isEnabled ?? true)
        let isPlannedAnew =
            values.cron != current?.cron || values.timezone != current?.timezone
            || (values.isEnabled && current?.isEnabled == false)
        replanning = isPlannedAnew ? Self.cronSchedule(of: values, &body) : nil
        try body.finish()
        self.values = values
        changesWork =
            workflow != current?.workflowName || values.workflowVersion != current?.workflowVersion
            || values.input != current?.input
    }

    private static func cronSchedule(of values: ScheduleValues, _ body: inout BodyReader) -> CronSchedule? {
        do {
            return try values.cronSchedule()
        } catch {
            // An expression that is left out, or no text, has its problem already.
            body.add(error.problems.filter { problem in !body.problems.contains { $0.pointer == problem.pointer } })
            return nil
        }
    }

    /// Identity from the credentials, the rest from the request. A change of the context keeps whose the schedule is.
    private static func context(
        _ body: inout BodyReader, _ current: ScheduleContext?, _ identity: Identity
    ) -> ScheduleContext {
        if let current, !body.has("context") { return current }
        var context = body.nested("context")
        defer { body.absorb(context) }
        let userID = context.string("user_id")
        if let userID, userID != identity.scope.userID, !identity.mayNameOtherUsers {
            context.fail("user_id", "must be your own")
        }
        return ScheduleContext(
            tenantID: identity.scope.tenantID, userID: userID ?? current?.userID ?? identity.scope.userID,
            conversationID: context.string("conversation_id"), metadata: context.object("metadata") ?? [:])
    }
}
