package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `human_tasks`, and may change (the variables).
package struct HumanTaskRow: Sendable, Equatable {
    package let id: UUID
    package let stepID: UUID
    package let title: String
    package let description: String?
    package let formSchema: JSON?
    package let assigneeID: String?
    package let assigneeGroup: String?
    /// How long until `due_at`, by the database's clock; nil for never.
    package let dueIn: Duration?
    /// How long until `reminder_at`; nil for never.
    package let reminderIn: Duration?
    package let response: JSON
    package let completedBy: String?
    package var status: HumanTaskStatus
    /// Whether the time of the reminder was seen to have passed.
    package var isReminded: Bool

    package init(
        stepID: UUID, title: String, description: String?, formSchema: JSON?, assigneeID: String?, assigneeGroup: String?,
        dueIn: Duration?, reminderIn: Duration?
    ) {
        id = UUIDv7.next()
        self.stepID = stepID
        self.title = title
        self.description = description
        self.formSchema = formSchema
        self.assigneeID = assigneeID
        self.assigneeGroup = assigneeGroup
        self.dueIn = dueIn
        self.reminderIn = reminderIn
        response = .null
        completedBy = nil
        status = .pending
        isReminded = false
    }
}

extension HumanTaskRow {
    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        stepID = try row.decode("step_id")
        title = try row.decode("title")
        description = try row.decode("description")
        formSchema = try row.json("form_schema")
        assigneeID = try row.decode("assignee_id")
        assigneeGroup = try row.decode("assignee_group")
        dueIn = try row.decode("due_in", as: Double?.self).map { .seconds($0) }
        reminderIn = try row.decode("reminder_in", as: Double?.self).map { .seconds($0) }
        response = try row.json("response") ?? .null
        completedBy = try row.decode("completed_by")
        status = try row.status("status")
        isReminded = try row.decode("is_reminded")
    }

    var json: JSON {
        [
            "id": .string(id.uuidString), "step_id": .string(stepID.uuidString), "title": .string(title),
            "description": description.map(JSON.string) ?? .null, "form_schema": formSchema ?? .null,
            "assignee_id": assigneeID.map(JSON.string) ?? .null, "assignee_group": assigneeGroup.map(JSON.string) ?? .null,
            "due_in": dueIn.map { .number($0 / .seconds(1)) } ?? .null,
            "reminder_in": reminderIn.map { .number($0 / .seconds(1)) } ?? .null, "status": .string(status.rawValue),
            "is_reminded": .bool(isReminded),
        ]
    }
}
