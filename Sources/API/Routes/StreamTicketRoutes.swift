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
        limits.types = Self.types(body)
        let age = body.integer("expires_in", in: 1...3_600) ?? 300
        if let userID = limits.userID, userID != principal.userID, !principal.mayNameOtherUsers {
            body.report("must be your own, without the scope 'act'", at: "user_id")
        }
        if limits.isEmpty {
            body.report("is required, or conversation_id, user_id, workspace_id or workflow", at: "task_id")
        }
        try body.finish()
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
            body.report("is no type of event", at: "types/\(index)")
        }
        if types.isEmpty { body.report("must not be empty", at: "types") }
        return Set(types)
    }
}
