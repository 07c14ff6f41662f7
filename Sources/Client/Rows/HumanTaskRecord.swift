/// A row of `human_tasks`: what a person is asked.
public struct HumanTaskRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    public var taskID: String { document.text("task_id") }
    public var title: String { document.text("title") }
    public var assigneeID: String? { document.optionalText("assignee_id") }
    public var assigneeGroup: String? { document.optionalText("assignee_group") }
    /// ISO 8601; nil when it never expires.
    public var dueAt: String? { document.optionalText("due_at") }
    /// `pending claimed completed cancelled expired`.
    public var status: String { document.text("status") }
    public var claimedBy: String? { document.optionalText("claimed_by") }
    public var completedBy: String? { document.optionalText("completed_by") }
    /// For `If-Match`: grows with each change.
    public var version: Int { document.integer("version") ?? 0 }
}
