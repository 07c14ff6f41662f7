import ArgumentParser
import Client
import Workflow

struct WorkflowValidate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Finds every problem in definitions; exits with 1 when there is one.",
        discussion: "Works without a service; with --remote, the service checks.")

    @Argument(help: "YAML or JSON files; - for standard input.")
    var files: [String]

    @Flag(help: "Let the service check.")
    var remote = false

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var results: [JSON] = []
        var isValid = true
        for path in files {
            let problems = try await problems(in: DefinitionFile(path: path))
            isValid = isValid && problems.isEmpty
            if output.json {
                results.append(["file": .string(path), "errors": .array(problems.map(Self.json))])
            } else if problems.isEmpty {
                Terminal.write("\(path): valid")
            } else {
                for problem in problems { Terminal.write(SafeText.lines("\(path): \(problem)")) }
            }
        }
        if output.json { Terminal.write(JSON.array(results).text) }
        guard isValid else { throw CommandFailure("") }
    }

    private func problems(in file: DefinitionFile) async throws -> [PressroomError.InputProblem] {
        if remote {
            return try await client.withClient { try await $0.validateWorkflow(file.text, as: file.notation) }
        }
        do {
            _ = try WorkflowDefinition.parse(file.text, format: file.format)
            return []
        } catch {
            return error.problems.map { .init(pointer: $0.pointer, detail: $0.detail, line: $0.line) }
        }
    }

    private static func json(_ problem: PressroomError.InputProblem) -> JSON {
        [
            "pointer": .string(problem.pointer), "detail": .string(problem.detail),
            "line": problem.line.map { .integer(Int64($0)) } ?? .null,
        ]
    }
}
