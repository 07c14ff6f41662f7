import Workflow

/// A row of `tasks`: one run of a workflow.
public struct TaskRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("task_id") }
    public var workflowName: String { document.text("workflow_name") }
    public var workflowVersion: String { document.text("workflow_version") }
    /// `pending running waiting paused completed failed cancelled`.
    public var status: String { document.text("status") }
    /// The key of the phase under way; nil before the first.
    public var phase: String? { document.optionalText("phase") }
    /// 0…1.
    public var progress: Double { document.number("progress") ?? 0 }
    /// For `If-Match`: grows with each change.
    public var version: Int { document.integer("version") ?? 0 }
    public var createdAt: String { document.text("created_at") }
    /// Why the task failed; nil when it did not.
    public var errorMessage: String? { document.errorMessage }

    /// What the task's model calls cost so far, in the currency of the configured prices; nil when no price is known.
    public var cost: Double? { document.json["usage"]?["cost"]?.double }

    /// Whether the status is `completed`, `failed` or `cancelled`.
    public var isTerminal: Bool { ["completed", "failed", "cancelled"].contains(status) }
}
