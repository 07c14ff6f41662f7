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
        try QueryReader(request).finish()
        let body = try await DefinitionBody(request, api)
        let idempotency = try request.idempotency(body: body.text)
        let definition = try await body.definition(checkedBy: api.store)
        let scope = context.scope
        let result = try await api.store.writeOnce(scope, idempotency) { connection in
            let (view, isNew) = try await api.store.publishWorkflow(on: connection, scope, definition)
            return RecordedResponse(
                status: isNew ? 201 : 200,
                location: "/api/v1/workflows/\(definition.name)/versions/\(definition.version)", body: view.json)
        }
        return .recorded(result)
    }

    private func validate(_ request: Request, _ context: PressroomRequestContext) async throws -> Response {
        try QueryReader(request).finish()
        let problems = try await DefinitionBody(request, api).problems(checkedBy: api.store)
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
        let view = try await api.store.changeWorkflow(
            context.scope, name: context.text("name"), version: context.text("version"), changes, ifRevision: revision)
        return .json(view.json, tag: view.revision)
    }
}

/// The body of a request with a workflow definition, and what is wrong with it.
struct DefinitionBody {
    let text: String
    let format: DefinitionFormat
    let outcome: Result<WorkflowDefinition, ProblemList>
    private let providers: [String]?

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
        providers = api.configuration.providers
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
    func definition(checkedBy store: Store) async throws -> WorkflowDefinition {
        let list = try await problems(checkedBy: store)
        guard list.isEmpty, case .success(let definition) = outcome else {
            throw ProblemError(
                list.allSatisfy(\.pointer.isEmpty) ? .malformed : .invalid,
                "The workflow cannot be published: \(list.first?.description ?? "it is wrong").", errors: list)
        }
        return definition
    }

    /// What is wrong with the definition. The database checks its expressions once the rest is right.
    func problems(checkedBy store: Store) async throws -> [Problem] {
        switch outcome {
        case .success(let definition):
            let unknown = providers.map { definition.problems(withProviders: $0) } ?? []
            let problems = unknown + (try await store.expressionProblems(definition))
            return problems.isEmpty ? [] : ProblemList(problems).located(in: text, format: format).problems
        case .failure(let list): return list.problems
        }
    }
}
