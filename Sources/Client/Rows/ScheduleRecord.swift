import Workflow

/// A row of `schedules`: when tasks of a workflow start.
public struct ScheduleRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    public var workflowName: String { document.text("workflow_name") }
    /// Nil for the latest active one at each firing.
    public var workflowVersion: String? { document.optionalText("workflow_version") }
    public var cron: String { document.text("cron") }
    /// A name of the IANA database.
    public var timezone: String { document.text("timezone") }
    /// `run_once` or `skip`.
    public var misfire: String { document.text("misfire") }
    public var isEnabled: Bool { document.flag("enabled") ?? false }
    /// ISO 8601; nil while it is off, or not yet planned.
    public var nextRunAt: String? { document.optionalText("next_run_at") }
    public var lastRunAt: String? { document.optionalText("last_run_at") }
    public var lastTaskID: String? { document.optionalText("last_task_id") }
    /// Why its last time started no task; nil when it did.
    public var lastErrorMessage: String? { document.errorMessage("last_error") }
    /// For `If-Match`: grows with each change and each firing.
    public var version: Int { document.integer("version") ?? 0 }
}
