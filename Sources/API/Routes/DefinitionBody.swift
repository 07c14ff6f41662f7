import Hummingbird
import Workflow

/// A workflow definition as a request brings it, and what is wrong with it.
struct DefinitionBody {
    let text: String
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
    func definition() throws(ProblemError) -> WorkflowDefinition {
        switch outcome {
        case .success(let definition): return definition
        case .failure(let list):
            let isUnreadable = list.problems.allSatisfy(\.pointer.isEmpty)
            throw ProblemError(
                isUnreadable ? .malformed : .invalid,
                "The workflow cannot be published: \(list.problems.first?.description ?? "it is wrong").",
                errors: list.problems)
        }
    }

    var problems: [Problem] {
        switch outcome {
        case .success: []
        case .failure(let list): list.problems
        }
    }
}
