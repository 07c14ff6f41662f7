import Hummingbird
import Store
import Workflow

/// A workflow definition as a request brings it, and what is wrong with it.
struct DefinitionBody {
    let text: String
    let format: DefinitionFormat
    let outcome: Result<WorkflowDefinition, ProblemList>

    /// Words that stand in paths beside workflows' names.
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
        outcome = Self.read(text, format, api.configuration.ownKinds)
    }

    private static func read(_ text: String, _ format: DefinitionFormat, _ ownKinds: OwnKinds) -> Result<WorkflowDefinition, ProblemList> {
        do throws(ProblemList) {
            let definition = try WorkflowDefinition.parse(text, format: format, ownKinds: ownKinds)
            do {
                try definition.json.refuseNULs()
            } catch {
                throw ProblemList(error.errors)
            }
            if reservedNames.contains(definition.name) {
                throw ProblemList("is reserved: \(definition.name) stands for something else in paths", at: "/name")
            }
            return .success(definition)
        } catch {
            return .failure(error)
        }
    }

    /// The definition, or a problem: 400 when the text as a whole cannot be read, 422 when something in it is wrong.
    func definition(checkedBy store: Store) async throws -> WorkflowDefinition {
        let list = try await problems(checkedBy: store)
        guard list.isEmpty, case .success(let definition) = outcome else {
            throw ProblemError(
                list.allSatisfy(\.pointer.isEmpty) ? .malformed : .invalid,
                "The workflow cannot be published: \(list.first?.description ?? "it is wrong").", errors: list)
        }
        return definition
    }

    /// What is wrong with it. Expressions are checked, by the database, when nothing else is wrong.
    func problems(checkedBy store: Store) async throws -> [Problem] {
        switch outcome {
        case .success(let definition):
            let problems = try await store.expressionProblems(definition)
            return problems.isEmpty ? [] : ProblemList(problems).located(in: text, format: format).problems
        case .failure(let list): return list.problems
        }
    }
}
