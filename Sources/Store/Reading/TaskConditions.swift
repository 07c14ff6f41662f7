import Postgres
import Workflow

/// A list's filter as conditions on `t`: those by whose indexes tasks are found, and those that are tried on what is found.
struct TaskConditions {
    private(set) var ways: [PostgresQuery] = []
    private(set) var others: [PostgresQuery] = []

    /// The way is what the fewest tasks can be expected to meet.
    init(_ filter: TaskFilter) {
        let statuses = Set(filter.statuses)
        // Tasks that are over only gather, most of them completed.
        let areOpen = !statuses.isEmpty && statuses.allSatisfy { !$0.isTerminal }
        let areRare = !statuses.isEmpty && !statuses.contains(.completed)
        if let id = filter.parentTaskID { add("t.parent_task_id = \(id)") }
        if let id = filter.conversationID { add("t.context ->> 'conversation_id' = \(id)") }
        if areOpen { add(statuses, filter.workflow) }
        if let id = filter.userID { add("t.context ->> 'user_id' = \(id)") }
        if areRare && !areOpen { add(statuses, filter.workflow) }
        if let id = filter.workspaceID { add("t.workspace_id = \(id)") }
        if !areRare { add(statuses, filter.workflow) }
        if let text = filter.text {
            others.append(
                "(strpos(lower(t.workflow_name), lower(\(text))) > 0 OR strpos(lower(t.input::text), lower(\(text))) > 0)")
        }
    }

    private mutating func add(_ condition: PostgresQuery) {
        if ways.isEmpty { ways = [condition] } else { others.append(condition) }
    }

    /// They have an index together: a workflow's tasks of any status are those of each status.
    private mutating func add(_ statuses: Set<TaskStatus>, _ workflow: String?) {
        let names = statuses.map(\.rawValue).sorted()
        if !ways.isEmpty {
            if let workflow { others.append("t.workflow_name = \(workflow)") }
            if !names.isEmpty { others.append("t.status = ANY(\(names)::text[])") }
        } else if let workflow {
            let wanted = names.isEmpty ? TaskStatus.allCases.map(\.rawValue) : names
            ways = wanted.map { "t.workflow_name = \(workflow) AND t.status = \($0)" }
        } else {
            ways = names.map { "t.status = \($0)" }
        }
    }
}
