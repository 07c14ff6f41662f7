import ArgumentParser
import Client

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
            table.add(workflow.name, workflow.version, workflow.status, workflow.category ?? "-", workflow.createdAt)
        }
        Terminal.write(workflows.items.isEmpty ? "no workflows" : table.text)
        if let next = workflows.next { Terminal.write("more: --after \(SafeText.line(next))") }
    }
}
