import ArgumentParser
import Client

struct WorkflowPublish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "publish", abstract: "Publishes versions of workflows.")

    @Argument(help: "YAML or JSON files; - for standard input.")
    var files: [String]

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await client.withClient { client in
            for path in files {
                let file = try DefinitionFile(path: path)
                let workflow = try await client.publishWorkflow(file.text, as: file.notation)
                if output.json {
                    output.write(workflow.document)
                } else {
                    Terminal.write(SafeText.line("published \(workflow.name) \(workflow.version)"))
                }
            }
        }
    }
}
