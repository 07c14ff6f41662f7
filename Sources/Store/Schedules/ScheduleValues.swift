package import Base
package import Foundation
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

    /// The columns of `schedules` that a client sets.
    static let columns: Columns = """
        workflow_name text, workflow_version text, cron text, timezone text, misfire text, input json, config json,
        context jsonb, priority integer, enabled boolean
        """

    var json: JSON {
        [
            "workflow_name": .string(workflowName), "workflow_version": workflowVersion.map(JSON.string) ?? .null,
            "cron": .string(cron), "timezone": .string(timezone), "misfire": .string(misfire.rawValue), "input": input,
            "config": config, "context": context.json, "priority": .integer(Int64(priority)), "enabled": .bool(isEnabled),
        ]
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

/// The execution context of a schedule's tasks, but for what each task gets of its own: `task_id` and `trace_id`.
package struct ScheduleContext: Sendable, Equatable {
    package var tenantID: String
    package var userID: String
    package var conversationID: String?
    /// An object; the caller's own.
    package var metadata: JSON

    package init(tenantID: String, userID: String, conversationID: String?, metadata: JSON) {
        self.tenantID = tenantID
        self.userID = userID
        self.conversationID = conversationID
        self.metadata = metadata
    }

    /// The context of one task, complete.
    package func forTask(_ taskID: UUID, traceID: String) -> ExecutionContext {
        ExecutionContext(
            tenantID: tenantID, userID: userID, conversationID: conversationID, taskID: taskID, traceID: traceID,
            metadata: metadata)
    }
}

extension ScheduleContext {
    /// The value of `schedules.context`.
    var json: JSON {
        [
            "tenant_id": .string(tenantID), "user_id": .string(userID),
            "conversation_id": conversationID.map(JSON.string) ?? .null, "metadata": metadata,
        ]
    }

    /// Reads `schedules.context`.
    ///
    /// - Throws: `ProblemList` when a part is missing or has the wrong type, or belongs to another tenant; such a row was
    ///   written by hand, and no part is made up for it.
    init(_ json: JSON, tenantID: String) throws(ProblemList) {
        guard json["tenant_id"]?.string == tenantID else {
            throw ProblemList("must be the schedule's tenant", at: "/context/tenant_id")
        }
        guard let userID = json["user_id"]?.string else { throw ProblemList("is required", at: "/context/user_id") }
        let metadata = json["metadata"] ?? [:]
        guard metadata.object != nil else { throw ProblemList("must be an object", at: "/context/metadata") }
        self.init(
            tenantID: tenantID, userID: userID, conversationID: json["conversation_id"]?.string, metadata: metadata)
    }
}
