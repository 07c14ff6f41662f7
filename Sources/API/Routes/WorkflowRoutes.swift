import Base
import Hummingbird
import Store
import Workflow

/// Published workflows: publish, list, read, change.
struct WorkflowRoutes: Sendable {
    let api: APIEnvironment

    func add(to routes: RouteBuilder) {
        routes.get("/api/v1/workflows", use: list)
        routes.post("/api/v1/workflows", use: publish)
        routes.post("/api/v1/workflows/validate", use: validate)
        routes.get("/api/v1/workflows/{name}", use: latest)
        routes.get("/api/v1/workflows/{name}/versions", use: versions)
        routes.get("/api/v1/workflows/{name}/versions/{version}", use: version)
        routes.patch("/api/v1/workflows/{name}/versions/{version}", use: change)
    }

    private func list(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        var filter = WorkflowFilter()
        filter.name = query.string("name")
        filter.status = query.word("status")
        filter.category = query.string("category")
        filter.tag = query.string("tag")
        let page = query.page()
        try query.finish()
        return .json(try await api.store.workflows(context.scope, filter, page).json)
    }

    private func publish(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let wanted = query.uuid("workspace_id")
        let isPublic = query.boolean("is_public") ?? false
        try query.finish()
        let body = try await DefinitionBody(request, api)
        let idempotency = try request.idempotency(body: body.text)
        let scope = context.scope
        let definition = try await body.definition(of: scope, checkedBy: api.store)
        let workspaceID = try await context.identity.workspace(toPublish: definition.name, in: wanted, api.store)
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            let (view, isNew) = try await api.store.publishWorkflow(
                on: connection, scope, definition, workspaceID: workspaceID, isPublic: isPublic)
            return RecordedResponse(
                status: isNew ? 201 : 200,
                location: "/api/v1/workflows/\(definition.name)/versions/\(definition.version)", body: view.json,
                about: .workflow(view.id))
        }
        return .recorded(result)
    }

    private func validate(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let problems = try await DefinitionBody(request, api).problems(of: context.scope, checkedBy: api.store)
        return .json(["valid": .bool(problems.isEmpty), "problems": .array(problems.map(\.json))])
    }

    private func latest(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let name = try context.text("name")
        guard let view = try await api.store.latestWorkflow(context.scope, name: name) else {
            throw ProblemError(.notFound, "There is no active version of a workflow \(name).")
        }
        return .row(view.json, tag: view.revision, for: request)
    }

    private func versions(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        var query = QueryReader(request)
        let page = query.page()
        try query.finish()
        let name = try context.text("name")
        guard let list = try await api.store.workflowVersions(context.scope, name: name, page) else {
            throw ProblemError(.notFound, "There is no workflow \(name).")
        }
        return .json(list.json)
    }

    private func version(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let (name, version) = (try context.text("name"), try context.text("version"))
        guard let view = try await api.store.workflow(context.scope, name: name, version: version) else {
            throw ProblemError(.notFound, "There is no version \(version) of a workflow \(name).")
        }
        return .row(view.json, tag: view.revision, for: request)
    }

    private func change(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let revision = try Preconditions(request).requiredVersions()
        let body = ObjectReader(try await request.json(upTo: api.bodyLimit))
        var changes = WorkflowChanges()
        changes.status = body.word("status")
        changes.isPublic = body.boolean("is_public")
        changes.tags = body.strings("tags", maxCount: 50, maxLength: 100)
        if body.has("category") { changes.category = .some(body.string("category", maxLength: 100)) }
        try body.finish()
        let (name, version) = (try context.text("name"), try context.text("version"))
        if changes.isPublic != nil, context.scope.sight != nil,
            let workflow = try await api.store.guarded(context.scope, .workflow(name: name, version: version)),
            !context.identity.principal.mayChangePrivacy(of: workflow)
        {
            throw ProblemError(.forbidden, "Who sees a workflow is for its creator and the admins of its workspace to say.")
        }
        let view = try await api.store.changeWorkflow(
            context.scope, name: name, version: version, changes, ifRevision: revision)
        return .json(view.json, tag: view.revision)
    }
}

/// The body of a request with a workflow definition, and what is wrong with it.
struct DefinitionBody {
    let text: String
    let format: DefinitionFormat
    let outcome: Result<WorkflowDefinition, ProblemList>
    private let grants: Grants

    /// Words that take the place of a workflow's name in paths.
    private static let reservedNames: Set<String> = ["validate"]
    private static let yamlTypes: Set<String> = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"]

    init(_ request: Request, _ api: APIEnvironment) async throws {
        let bytes = try await request.bytes(upTo: api.bodyLimit)
        let format: DefinitionFormat
        switch request.mediaType {
        case "application/json": format = .json
        case .some(let type) where Self.yamlTypes.contains(type): format = .yaml
        default: throw Request.unsupported(request.mediaType, "application/json or application/yaml")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ProblemError(
                .malformed, "The body is not valid UTF-8.",
                errors: [Problem(pointer: "", detail: "is not valid UTF-8")])
        }
        self.text = text
        self.format = format
        grants = api.configuration.grants
        outcome = await onConcurrentPool { Self.read(text, format, api.configuration.customKinds) }
    }

    private static func read(
        _ text: String, _ format: DefinitionFormat, _ customKinds: CustomKinds
    ) -> Result<WorkflowDefinition, ProblemList> {
        do throws(ProblemList) {
            let definition = try WorkflowDefinition.parse(text, format: format, customKinds: customKinds)
            if reservedNames.contains(definition.name) {
                throw ProblemList("is reserved: \(definition.name) stands for something else in paths", at: "/name")
            }
            return .success(definition)
        } catch {
            return .failure(error)
        }
    }

    /// The definition. Throws 400 when the text as a whole cannot be read, 422 when something in it is wrong.
    func definition(of scope: Scope, checkedBy store: Store) async throws -> WorkflowDefinition {
        let list = try await problems(of: scope, checkedBy: store)
        guard list.isEmpty, case .success(let definition) = outcome else {
            throw ProblemError(
                list.allSatisfy(\.pointer.isEmpty) ? .malformed : .invalid,
                "The workflow cannot be published: \(list.first?.description ?? "it is wrong").", errors: list)
        }
        return definition
    }

    /// What is wrong with the definition, or was not granted to the tenant. The database checks its expressions once the rest
    /// is right.
    func problems(of scope: Scope, checkedBy store: Store) async throws -> [Problem] {
        switch outcome {
        case .success(let definition):
            let problems = definition.problems(grants, for: scope.tenantID) + (try await store.expressionProblems(definition))
            return problems.isEmpty ? [] : ProblemList(problems).located(in: text, format: format).problems
        case .failure(let list): return list.problems
        }
    }
}
