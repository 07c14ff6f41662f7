import Base
import Broadcast
import Foundation
import Hummingbird
import Store
import Workflow

// What a ticket leaves of a stream, a list and a state. A ticket for something else is answered like an unknown task.

extension TicketLimits {
    var isEmpty: Bool {
        taskID == nil && conversationID == nil && userID == nil && workspaceID == nil && workflow == nil
    }

    /// Whether rows that come with any of these events may be shown.
    func shows(any wanted: [EventType]) -> Bool {
        guard let types else { return true }
        return wanted.contains { types.contains($0.rawValue) }
    }

    /// Whether a task is among those that the ticket opens.
    func opens(_ task: TaskFacts) -> Bool {
        (taskID == nil || taskID == task.taskID)
            && (conversationID?.isExactly(task.conversationID) ?? true)
            && (userID?.isExactly(task.userID) ?? true)
            && (workspaceID == nil || workspaceID == task.workspaceID)
            && (workflow?.isExactly(task.workflowName) ?? true)
    }
}

extension Identity {
    /// What a request with a ticket needs, in place of a scope.
    ///
    /// - Throws: 403 for a route that the ticket does not open, 404 for a task or a question.
    func requireTicket(
        _ limits: TicketLimits, for route: String, _ context: PressroomRequestContext, _ store: Store
    ) async throws {
        if RouteRights.answering.contains(route) {
            let id = try context.uuid("id")
            guard limits.answers.contains(id) else {
                throw ProblemError(.forbidden, "The ticket does not open this human task.")
            }
            return
        }
        try require(RouteRights.right(for: route))
        if context.parameters.get("task_id") != nil {
            try await requireTicket(for: context.uuid("task_id"), limits, store)
        }
    }

    private func requireTicket(for taskID: UUID, _ limits: TicketLimits, _ store: Store) async throws {
        let facts = try await store.taskFacts(tenantID: scope.tenantID, taskIDs: [taskID])
        guard let task = facts.first, limits.opens(task) else { throw ProblemError.notFound(task: taskID) }
    }

    /// What the phases of a task brought is in no event of the task, but in those of its phases and outputs.
    ///
    /// - Throws: 403 where the sender's ticket does not open these.
    func requireTicket(forAccumulatedContext isAsked: Bool) throws(ProblemError) {
        guard isAsked, let limits = principal.ticket else { return }
        guard limits.shows(any: [.phaseChanged]), limits.shows(any: [.outputUpdated]) else { throw Self.outside }
    }

    /// Narrows a stream to what the sender sees and the ticket opens.
    func narrow(_ filter: inout StreamFilter) throws(ProblemError) {
        filter.sight = scope.sight
        guard let limits = principal.ticket else { return }
        if let taskID = limits.taskID {
            guard filter.taskIDs.isEmpty || filter.taskIDs.contains(taskID) else { throw Self.outside }
            filter.taskIDs = [taskID]
        }
        try Self.narrow(&filter.conversationID, to: limits.conversationID)
        try Self.narrow(&filter.userID, to: limits.userID)
        try Self.narrow(&filter.workspaceID, to: limits.workspaceID)
        try Self.narrow(&filter.workflowName, to: limits.workflow)
        if let types = limits.types {
            filter.types = filter.types?.intersection(types) ?? types
        }
    }

    /// The same for a list of tasks.
    func narrow(_ filter: inout TaskFilter) throws(ProblemError) {
        guard let limits = principal.ticket else { return }
        guard limits.taskID == nil else {
            throw ProblemError(.forbidden, "The ticket is for one task, and not for lists.")
        }
        try Self.narrow(&filter.conversationID, to: limits.conversationID)
        try Self.narrow(&filter.userID, to: limits.userID)
        try Self.narrow(&filter.workspaceID, to: limits.workspaceID)
        try Self.narrow(&filter.workflow, to: limits.workflow)
    }

    private static func narrow(_ asked: inout String?, to limit: String?) throws(ProblemError) {
        guard let limit else { return }
        if let asked, !limit.isExactly(asked) { throw outside }
        asked = limit
    }

    private static func narrow(_ asked: inout UUID?, to limit: UUID?) throws(ProblemError) {
        guard let limit else { return }
        guard asked == nil || asked == limit else { throw outside }
        asked = limit
    }

    private static var outside: ProblemError {
        ProblemError(.forbidden, "The ticket does not open what the query asks for.")
    }

    /// The state of a task as the sender's ticket shows it: without the rows of types that it does not open, and without the
    /// columns that it leaves out.
    func shown(_ state: [UInt8]) -> [UInt8] {
        guard let limits = principal.ticket else { return state }
        // What cannot be read is left out.
        var members = (try? JSON(parsing: state, limits: .stored))?.object ?? [:]
        for (list, type) in Self.lists where members[list] != nil && !limits.shows(any: [type]) { members[list] = [] }
        if let live = members["live"]?.array {
            members["live"] = .array(live.filter { limits.shows(any: [$0["step_id"] == nil ? .outputDelta : .stepDelta]) })
        }
        if !limits.shows(any: [.taskUpdated]), let task = members["task"]?.object {
            members["task"] = .object(task.filter { Self.bareTask.contains($0.key) })
        }
        return limits.view.document(.object(members)).utf8
    }

    /// A page of a list as the sender's ticket shows it.
    func shown(list: JSONText) -> JSONText {
        guard let view = principal.ticket?.view, view != .whole else { return list }
        return JSONText(bytes: view.document((try? JSON(parsing: list.bytes, limits: .stored)) ?? [:]).utf8)
    }

    /// A row as the sender's ticket shows it.
    func shown(row: JSONText) -> JSONText {
        guard let view = principal.ticket?.view, view != .whole else { return row }
        return JSONText(bytes: view.row((try? JSON(parsing: row.bytes, limits: .stored)) ?? [:]).utf8)
    }

    /// The user whose streams and decisions the sender's count as: the one that a ticket is for.
    var personID: String { principal.ticket?.userID ?? principal.userID }

    /// What the summary of a state says as well.
    private static let bareTask: Set<String> = ["task_id", "status", "phase", "progress"]

    private static let lists: [(String, EventType)] = [
        ("phases", .phaseChanged), ("steps", .stepUpdated), ("outputs", .outputUpdated),
        ("output_versions", .outputVersionAdded), ("evaluations", .evaluationUpdated),
        ("rankings", .rankingUpdated), ("human_tasks", .humanTaskUpdated), ("logs", .logAppended),
    ]
}
