import Base
import ArgumentParser
import Client
import Workflow

struct WorkflowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflow",
        abstract: "Checks, publishes, lists and draws workflows.",
        subcommands: [WorkflowValidate.self, WorkflowPublish.self, WorkflowList.self, WorkflowGraph.self])
}

struct WorkflowValidate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Finds every problem in definitions; exits with 1 when there is one.",
        discussion: "Needs no service; with --remote, the service checks.")

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

struct WorkflowPublish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "publish", abstract: "Publishes versions of workflows.")

    @Argument(help: "YAML or JSON files; - for standard input.")
    var files: [String]

    @Option(help: "The id of the workspace to publish into (default: that of the other versions, or none).")
    var workspace: String?

    @Flag(help: "Let all who see the workspace see the version.")
    var `public` = false

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (workspace, isPublic) = (workspace, `public`)
        try await client.withClient { client in
            for path in files {
                let file = try DefinitionFile(path: path)
                let (workflow, isNew) = try await client.publish(
                    file.text, as: file.notation, workspaceID: workspace, isPublic: isPublic)
                if output.json {
                    output.write(workflow.document)
                } else {
                    Terminal.write(SafeText.line("\(isNew ? "published" : "unchanged:") \(workflow.name) \(workflow.version)"))
                }
            }
        }
    }
}

struct WorkflowList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the published workflows.")

    @Option(help: "Only this name.")
    var name: String?

    @Option(help: "active, inactive or archived.")
    var status: String?

    @Option(help: "Only this category.")
    var category: String?

    @Option(help: "Only with this tag.")
    var tag: String?

    @OptionGroup var page: PageOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let workflows = try await client.withClient {
            try await $0.workflows(
                name: name, status: status, category: category, tag: tag, limit: page.limit, after: page.after)
        }
        if output.json { return output.write(workflows.document) }
        var table = TextTable("NAME", "VERSION", "STATUS", "CATEGORY", "PUBLISHED")
        for workflow in workflows.items {
            table.add(workflow.name, workflow.version, workflow.status, workflow.category ?? "-",
                LocalTime.text(workflow.createdAt))
        }
        page.write(table, next: workflows.next, ifEmpty: "no workflows")
    }
}

struct WorkflowGraph: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Writes a workflow as a Mermaid flowchart.")

    @Argument(help: "The workflow's name.")
    var name: String

    @Option(help: ArgumentHelp("Colour it with the state of this task.", valueName: "task-id"))
    var task: String?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let graph = try await client.withClient { try await $0.workflowGraph(name, taskID: task) }
        Terminal.write(SafeText.lines(graph))
    }
}

/// A workflow's text, and its notation by the file's name: `.json`, or else YAML.
struct DefinitionFile {
    let text: String
    let isJSON: Bool

    init(path: String) throws(CommandFailure) {
        text = try InputFile.text(path)
        // Standard input has no name; a JSON document begins with a brace, and as flow style is YAML too.
        isJSON = path.lowercased().hasSuffix(".json")
    }

    var notation: DefinitionNotation { isJSON ? .json : .yaml }
    var format: DefinitionFormat { isJSON ? .json : .yaml }
}
