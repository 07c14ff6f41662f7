import Foundation
import HTTPTypes
import Hummingbird
import Store
import Workflow

/// Schedules: add, list, read, change, remove.
struct ScheduleRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/schedules", use: list)
        routes.post("/api/v1/schedules", use: create)
        routes.get("/api/v1/schedules/{id}", use: show)
        routes.patch("/api/v1/schedules/{id}", use: change)
        routes.delete("/api/v1/schedules/{id}", use: delete)
    }

    private func list(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        var filter = ScheduleFilter()
        filter.workflow = query.string("workflow")
        filter.isEnabled = query.boolean("enabled")
        let page = query.page()
        try query.finish()
        return .json(try await api.store.schedules(context.scope, filter, page).json)
    }

    private func create(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let json = try await request.json(upTo: api.bodyLimit)
        let idempotency = try request.idempotency(body: json.text)
        // Before anything is checked: the workflow may have been archived since the first request.
        if let idempotency, let recorded = try await api.store.recordedResponse(context.scope, idempotency) {
            return .recorded((recorded, true))
        }
        let body = try ScheduleBody(json, changing: nil, identity: context.identity)
        try await checkWork(of: body.values, context.scope)
        guard let cron = body.replanning else { throw ProblemError(.invalid, "The body is invalid.") }
        let scope = context.scope
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            let view = try await api.store.createSchedule(on: connection, scope, body.values, cron)
            return RecordedResponse(status: 201, location: "/api/v1/schedules/\(view.id.text)", body: view.json)
        }
        return .recorded(result, tag: result.isRepeated ? nil : "1")
    }

    private func show(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        guard let view = try await api.store.schedule(context.scope, id) else { throw StoreError.noSchedule(id) }
        let tag = String(view.version)
        if Preconditions(request).isKnown(tag) { return .notModified(tag: tag) }
        return .json(view.json, tag: tag)
    }

    private func change(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        let version = try Preconditions(request).requiredVersion()
        let json = try await request.json(upTo: api.bodyLimit)
        // What was read may change before it is written: the schedule fires, or somebody else changes it.
        for _ in 0..<5 {
            let current = try await row(id, context.scope)
            if let version, version != current.version {
                throw StoreError(.stale, "The schedule is at version \(current.version), not \(version).")
            }
            let body = try ScheduleBody(json, changing: current.values, identity: context.identity)
            if body.changesWork { try await checkWork(of: body.values, context.scope) }
            let view = try await api.store.changeSchedule(
                context.scope, id, body.values, ifVersion: current.version, replanning: body.replanning)
            if let view { return .json(view.json, tag: String(view.version)) }
        }
        throw StoreError(.conflict, "Others keep changing the schedule. Try again.")
    }

    private func delete(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        let version = try Preconditions(request).requiredVersion()
        try await request.expectNoBody(upTo: api.bodyLimit)
        try await api.store.deleteSchedule(context.scope, id, ifVersion: version)
        return Response(status: .noContent)
    }

    private func row(_ id: UUID, _ scope: Scope) async throws -> ScheduleRow {
        do {
            guard let row = try await api.store.scheduleRow(scope, id) else { throw StoreError.noSchedule(id) }
            return row
        } catch let list as ProblemList {
            throw ProblemError(.conflict, "The schedule's row was written past the service: \(list.problems.summary).")
        }
    }

    /// Checks that the schedule could start a task now; each firing checks it again.
    private func checkWork(of values: ScheduleValues, _ scope: Scope) async throws {
        let (_, entry) = try await api.startable(values.workflowName, version: values.workflowVersion, scope)
        _ = try entry.checked(values.input)
    }
}
