import Postgres
import Workflow

/// A list's filter as conditions on `t`: the one whose index is walked, and those that are tried on each row.
struct TaskConditions {
    /// Nil: the list of all tasks is walked.
    var first: PostgresQuery?
    var others: [PostgresQuery] = []
    /// Where `first` is `t.status = wanted.status`: the statuses wanted.
    var statuses: [String] = []

    /// The first is the one that the fewest tasks can be expected to meet.
    init(_ filter: TaskFilter) {
        var equalities: [PostgresQuery] = []
        if let id = filter.parentTaskID { equalities.append("t.parent_task_id = \(id)") }
        if let id = filter.conversationID { equalities.append("t.context ->> 'conversation_id' = \(id)") }
        let statuses = Set(filter.statuses)
        let status: PostgresQuery? = statuses.count == 1 ? "t.status = \(filter.statuses[0].rawValue)" : nil
        // Tasks that are over only gather.
        if let status, !filter.statuses[0].isTerminal { equalities.append(status) }
        if let id = filter.userID { equalities.append("t.context ->> 'user_id' = \(id)") }
        if let id = filter.workspaceID { equalities.append("t.workspace_id = \(id)") }
        if let name = filter.workflow { equalities.append("t.workflow_name = \(name)") }
        if let status, filter.statuses[0].isTerminal { equalities.append(status) }
        first = equalities.first
        others = Array(equalities.dropFirst())
        if let text = filter.text {
            others.append(
                "(strpos(lower(t.workflow_name), lower(\(text))) > 0 OR strpos(lower(t.input::text), lower(\(text))) > 0)")
        }
        guard statuses.count > 1 else { return }
        if first == nil && others.isEmpty {
            first = "t.status = wanted.status"
            self.statuses = statuses.map(\.rawValue).sorted()
        } else {
            others.append("t.status = ANY(\(statuses.map(\.rawValue).sorted())::text[])")
        }
    }
}
