import Base
import Broadcast
import Foundation
import Store
import Workflow

// What a ticket leaves of a stream, a list and a state. A ticket for something else is answered like an unknown task.

extension TicketLimits {
    var isEmpty: Bool {
        taskID == nil && conversationID == nil && userID == nil && workspaceID == nil && workflow == nil
    }

    /// Whether a task is among those that the ticket opens.
    func opens(_ task: TaskFacts) -> Bool {
        (taskID == nil || taskID == task.taskID)
            && (conversationID == nil || conversationID == task.conversationID)
            && (userID == nil || userID == task.userID)
            && (workspaceID == nil || workspaceID == task.workspaceID)
            && (workflow == nil || workflow == task.workflowName)
    }
}

extension Identity {
    /// - Throws: 404 for a task that the sender's ticket does not open.
    func requireTicket(for taskID: UUID, _ store: Store) async throws {
        guard let limits = principal.ticket else { return }
        let facts = try await store.taskFacts(tenantID: scope.tenantID, taskIDs: [taskID])
        guard let task = facts.first, limits.opens(task) else { throw ProblemError.notFound(task: taskID) }
    }

    /// What the phases of a task brought is in no event of the task, but in those of its phases and outputs.
    ///
    /// - Throws: 403 where the sender's ticket does not open these.
    func requireTicket(forAccumulatedContext isAsked: Bool) throws(ProblemError) {
        guard isAsked, let types = principal.ticket?.types else { return }
        guard types.contains(EventType.phaseChanged.rawValue), types.contains(EventType.outputUpdated.rawValue) else {
            throw Self.outside
        }
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

    private static func narrow<Value: Equatable>(_ asked: inout Value?, to limit: Value?) throws(ProblemError) {
        guard let limit else { return }
        guard asked == nil || asked == limit else { throw outside }
        asked = limit
    }

    private static var outside: ProblemError {
        ProblemError(.forbidden, "The ticket does not open what the query asks for.")
    }

    /// The state of a task as the sender's ticket shows it: without the rows of types that it does not open.
    func shown(_ state: [UInt8]) -> [UInt8] {
        guard let types = principal.ticket?.types, var members = (try? JSON(parsing: state, limits: .stored))?.object else {
            return state
        }
        for (list, type) in Self.lists where members[list] != nil && !types.contains(type.rawValue) { members[list] = [] }
        return JSON.object(members).utf8
    }

    private static let lists: [(String, EventType)] = [
        ("phases", .phaseChanged), ("steps", .stepUpdated), ("outputs", .outputUpdated),
        ("output_versions", .outputVersionAdded), ("evaluations", .evaluationUpdated),
        ("rankings", .rankingUpdated), ("human_tasks", .humanTaskUpdated), ("logs", .logAppended), ("live", .outputDelta),
    ]
}
