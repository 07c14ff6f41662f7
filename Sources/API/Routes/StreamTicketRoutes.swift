import Access
import Base
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// Tickets for streams: credentials that fit into an address, since an `EventSource` sends no headers.
struct StreamTicketRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.post("/api/v1/stream-tickets", use: create)
    }

    private func create(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let principal = context.identity.principal
        guard principal.ticket == nil else { throw ProblemError(.forbidden, "A ticket makes no other tickets.") }
        let body = ObjectReader(try await request.json(upTo: api.bodyLimit))
        var limits = TicketLimits()
        limits.taskID = Self.uuid("task_id", body)
        limits.conversationID = body.string("conversation_id", maxLength: 500)
        limits.userID = body.string("user_id")
        limits.workspaceID = Self.uuid("workspace_id", body)
        limits.workflow = body.string("workflow", maxLength: 100)
        var types = Self.types(body)
        limits.view = Self.view(body, adding: &types)
        limits.types = types
        limits.answers = Self.answers(body)
        let age = body.integer("expires_in", in: 1...3_600) ?? 300
        if let userID = limits.userID, !userID.isExactly(principal.userID), !principal.mayNameOtherUsers {
            body.report("must be your own, without the scope 'act'", at: "user_id")
        }
        if limits.isEmpty {
            body.report("is required, or conversation_id, user_id, workspace_id or workflow", at: "task_id")
        }
        if !limits.answers.isEmpty, !principal.has(.write) {
            body.report("needs a credential with the scope 'write'", at: "answer")
        }
        try body.finish()
        try await require(limits, by: context)
        if let taskID = limits.taskID, try await !api.store.taskExists(context.scope, taskID) {
            throw ProblemError.notFound(task: taskID)
        }
        let ticket = try await api.authenticator.ticket(
            for: principal, limits, age: TimeInterval(age))
        let path = limits.taskID.map { "/api/v1/tasks/\($0.text)/stream" } ?? "/api/v1/stream"
        var response = Response.json(
            [
                "ticket": .string(ticket.text), "expires_at": .string(Timestamp(ticket.expiresAt).text),
                "url": .string("\(path)?ticket=\(ticket.text)"),
            ], status: .created)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// - Throws: 422 for a human task that is not in what the ticket opens, or that its maker may not answer.
    private func require(_ limits: TicketLimits, by context: PressroomRequestContext) async throws {
        let principal = context.identity.principal
        for id in limits.answers {
            let row = try await api.store.humanTask(context.scope, id).map { try JSON(parsing: $0.json.bytes, limits: .stored) }
            guard let row, let taskID = row["task_id"]?.string.flatMap({ UUID(text: $0) }),
                let facts = try await api.store.taskFacts(tenantID: context.scope.tenantID, taskIDs: [taskID]).first,
                limits.opens(facts),
                principal.mayNameOtherUsers
                    || principal.mayAnswer(
                        assigneeID: row["assignee_id"]?.string, assigneeGroup: row["assignee_group"]?.string,
                        workspaceID: facts.workspaceID)
            else {
                throw ProblemError(
                    .invalid, "The ticket cannot be made.",
                    errors: [Problem(pointer: "/answer", detail: "\(id.text) is none of the human tasks that you may answer in what the ticket opens")])
            }
        }
    }

    /// What the rows show. `include` names what is left out by default.
    private static func view(_ body: ObjectReader, adding types: inout Set<String>) -> RowView {
        var view: RowView = [.withoutUsage, .withoutErrorDetails]
        for (index, name) in (body.strings("include", maxCount: 10, maxLength: 40) ?? []).enumerated() {
            switch name {
            case "usage": view.remove(.withoutUsage)
            case "errors": view.remove(.withoutErrorDetails)
            case "versions": types.insert(EventType.outputVersionAdded.rawValue)
            case "logs": types.insert(EventType.logAppended.rawValue)
            default: body.problems.report("must be usage, errors, versions or logs", at: "/include/\(index)")
            }
        }
        return view
    }

    private static func answers(_ body: ObjectReader) -> Set<UUID> {
        var ids: Set<UUID> = []
        for (index, text) in (body.strings("answer", maxCount: 20, maxLength: 36) ?? []).enumerated() {
            if let id = UUID(text: text) { ids.insert(id) } else { body.problems.report("must be a UUID", at: "/answer/\(index)") }
        }
        return ids
    }

    private static func uuid(_ key: String, _ body: ObjectReader) -> UUID? {
        guard let text = body.string(key, maxLength: 36) else { return nil }
        guard let id = UUID(text: text) else {
            body.report("must be a UUID", at: key)
            return nil
        }
        return id
    }

    /// What a page shows of a task: neither steps, nor judgements of single judges, nor people's tasks, nor logs.
    private static let standardTypes: Set<String> = Set(
        [
            EventType.taskUpdated, .phaseChanged, .outputUpdated, .outputVersionAdded, .finalistsSelected, .rankingUpdated,
            .outputDelta,
        ].map(\.rawValue))

    private static func types(_ body: ObjectReader) -> Set<String> {
        guard let types = body.strings("types", maxCount: 50, maxLength: 80) else { return standardTypes }
        for (index, type) in types.enumerated() where EventType(type: type)?.isSelectable != true {
            body.problems.report("is no type of event", at: "/types/\(index)")
        }
        if types.isEmpty { body.report("must not be empty", at: "types") }
        return Set(types)
    }
}
