package import Base

/// Asks a person, and waits for the answer.
package struct HumanPhase: Sendable, Hashable {
    /// Templates, rendered when the person is asked.
    package var title: String
    package var description: String?
    /// The JSON Schema of the answer; nil takes any.
    package var form: JSON?
    /// The person and the group that are asked; templates too.
    package var assigneeID: String?
    package var assigneeGroup: String?
    /// How long until the question expires; nil for never.
    package var dueIn: Duration?
    /// How long until the reminder; shorter than `dueIn`.
    package var remindIn: Duration?

    package init(
        title: String, description: String? = nil, form: JSON? = nil, assigneeID: String? = nil,
        assigneeGroup: String? = nil, dueIn: Duration? = nil, remindIn: Duration? = nil
    ) {
        self.title = title
        self.description = description
        self.form = form
        self.assigneeID = assigneeID
        self.assigneeGroup = assigneeGroup
        self.dueIn = dueIn
        self.remindIn = remindIn
    }
}

extension HumanPhase {
    init?(reading phase: PhaseReader) {
        let reader = phase.reader
        let title = reader.template("title", isRequired: true)
        let form = reader.schema("form")
        let dueIn = reader.duration("due_in")
        let remindIn = reader.duration("remind_in")
        if let dueIn, let remindIn, remindIn >= dueIn { reader.report("must be shorter than 'due_in'", at: "remind_in") }
        self.init(
            title: title ?? "", description: reader.template("description"), form: form,
            assigneeID: reader.template("assignee_id"), assigneeGroup: reader.template("assignee_group"), dueIn: dueIn,
            remindIn: remindIn)
        if title == nil { return nil }
    }
}
