import Base
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
        let idempotency = try request.idempotency(body: json.canonicalText)
        if let recorded = try await api.recorded(idempotency, context.scope) { return recorded }
        let body = try ScheduleBody(json, changing: nil, identity: context.identity)
        let workflow = try await checkWork(of: body.values, context.identity, owner: context.scope.userID)
        guard let cron = body.replanning else { throw ProblemError(.invalid, "The body is invalid.") }
        let scope = context.scope
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            let view = try await api.store.createSchedule(on: connection, scope, body.values, cron)
            return RecordedResponse(status: 201, location: "/api/v1/schedules/\(view.id.text)", body: view.json, about: .workflow(workflow))
        }
        return .recorded(result, tag: result.isRepeated ? nil : "1")
    }

    private func show(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        guard let view = try await api.store.schedule(context.scope, id) else { throw StoreError.noSchedule(id) }
        return .row(view.json, tag: String(view.version), for: request)
    }

    private func change(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        let versions = try Preconditions(request).requiredVersions()
        let json = try await request.json(upTo: api.bodyLimit)
        // The row may change between the read and the write: the schedule fires, or another request changes it.
        for _ in 0..<5 {
            let current = try await row(id, context.scope)
            try StoreError.require(versions, ofVersion: current.version, "schedule")
            let body = try ScheduleBody(json, changing: current.values, identity: context.identity)
            if body.changesWork {
                _ = try await checkWork(of: body.values, context.identity, owner: current.createdBy)
            }
            let view = try await api.store.changeSchedule(
                context.scope, id, body.values, ifVersion: current.version, replanning: body.replanning)
            if let view { return .json(view.json, tag: String(view.version)) }
        }
        throw StoreError(.conflict, "Others keep changing the schedule. Try again.")
    }

    private func delete(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let id = try context.uuid("id")
        let versions = try Preconditions(request).requiredVersions()
        try await request.expectNoBody(upTo: api.bodyLimit)
        try await api.store.deleteSchedule(context.scope, id, ifVersion: versions)
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

    /// Checks that the schedule could start a task now. Each firing checks it again.
    ///
    /// - Returns: the workflow that it would start.
    private func checkWork(of values: ScheduleValues, _ identity: Identity, owner: String) async throws -> UUID {
        let workflow = try await api.store.startableWorkflow(
            identity.scope, values.workflowName, version: values.workflowVersion)
        try await identity.requireSchedule(of: values, owner: owner, api.store)
        _ = try await workflow.checkedInput(values.input)
        return workflow.id
    }
}

/// The body of `POST /schedules` and `PATCH /schedules/{id}`, checked by itself. Whether the workflow exists and the
/// input fits it is checked afterwards.
struct ScheduleBody {
    let values: ScheduleValues
    /// Not nil when the next time must be planned anew.
    let replanning: CronSchedule?
    /// Whether the workflow, its version or its input changes.
    let changesWork: Bool

    /// - Parameter current: the values that the body changes; nil for a new schedule.
    init(_ json: JSON, changing current: ScheduleValues?, identity: Identity) throws(ProblemError) {
        let body = ObjectReader(json)
        let isNew = current == nil
        let workflow = body.string("workflow", isRequired: isNew, maxLength: 100) ?? current?.workflowName ?? ""
        // A version belongs to its workflow.
        let keepsVersion = workflow == current?.workflowName && !body.has("version")
        let version = body.string("version")
        let values = ScheduleValues(
            workflowName: workflow,
            workflowVersion: keepsVersion ? current?.workflowVersion : version,
            cron: body.string("cron", isRequired: isNew) ?? current?.cron ?? "",
            timezone: body.string("timezone", maxLength: 64) ?? current?.timezone ?? "UTC",
            misfire: body.word("misfire") ?? current?.misfire ?? .runOnce,
            input: body.object("input") ?? current?.input ?? [:],
            config: body.object("config") ?? current?.config ?? [:],
            context: Self.context(body, current?.context, identity),
            priority: body.integer("priority", in: -1000...1000) ?? current?.priority ?? 0,
            isEnabled: body.boolean("enabled") ?? current?.isEnabled ?? true)
        let isPlannedAnew =
            values.cron != current?.cron || values.timezone != current?.timezone
            || (values.isEnabled && current?.isEnabled == false)
        replanning = isPlannedAnew ? Self.cronSchedule(of: values, body) : nil
        try body.finish()
        self.values = values
        changesWork =
            workflow != current?.workflowName || values.workflowVersion != current?.workflowVersion
            || values.input != current?.input
    }

    private static func cronSchedule(of values: ScheduleValues, _ body: ObjectReader) -> CronSchedule? {
        do {
            return try values.cronSchedule()
        } catch {
            // A member that is missing or of the wrong type has its problem already.
            for problem in error.problems where !body.problems.hasProblem(at: problem.pointer) {
                body.problems.report(problem.detail, at: problem.pointer)
            }
            return nil
        }
    }

    /// The identity comes from the credentials, the rest from the request. A change of the context keeps the user.
    private static func context(
        _ body: ObjectReader, _ current: ScheduleContext?, _ identity: Identity
    ) -> ScheduleContext {
        if let current, !body.has("context") { return current }
        let context = body.nested("context")
        let userID = context?.userID(identity)
        let conversationID = context?.string("conversation_id")
        let metadata = context?.object("metadata") ?? [:]
        context?.refuseUnknownKeys()
        return ScheduleContext(
            tenantID: identity.scope.tenantID, userID: userID ?? current?.userID ?? identity.scope.userID,
            conversationID: conversationID, metadata: metadata)
    }
}
