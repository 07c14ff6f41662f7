import ArgumentParser
import Base
import Client

struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Shows what models and servers were asked, and what came back.",
        subcommands: [CallList.self, CallShow.self])
}

struct CallList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists calls, the last that was sent first.")

    @Option(help: "Only of this task.")
    var task: String?

    @Option(help: "Only of this step.")
    var step: String?

    @Option(help: "Only of this model, as provider/model.")
    var model: String?

    @Option(help: "Some of completed, failed, cancelled, with commas between them.")
    var status: String?

    @Option(help: "ISO 8601: only those that were sent at this time or later.")
    var since: String?

    @OptionGroup var page: PageOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let calls = try await client.withClient {
            try await $0.calls(
                task: task, step: step, model: model, status: status, since: since, limit: page.limit, after: page.after)
        }
        if output.json { return output.write(calls.document) }
        var table = TextTable("CALL", "SENT", "MODEL", "AGENT", "STATUS", "TOKENS", "TOOK")
        for call in calls.items {
            let reason = call.errorMessage ?? (call.finishReason == "stop" ? nil : call.finishReason)
            let tokens = call.promptTokens.map { "\($0) + \(call.completionTokens ?? 0)" } ?? "-"
            table.add(
                call.id, LocalTime.exact(call.sentAt), call.modelAsked ?? call.provider ?? "-", call.agent ?? "-",
                call.status + (reason.map { " (\(String($0.prefix(60))))" } ?? ""), tokens,
                LocalTime.between(call.sentAt, call.endedAt))
        }
        page.write(table, next: calls.next, ifEmpty: "no calls")
    }
}

struct CallShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a call with its request and its answer, as they are kept.")

    @Argument(help: "The call's id.")
    var id: String

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let call = try await client.withClient { try await $0.callRecord(id) }
        if output.json { return output.write(call.document) }
        var lines = [
            "call \(call.id): \(call.modelAsked ?? call.provider ?? call.kind), \(call.status)",
            "task \(call.taskID), step \(call.stepID), attempt \(call.attempt), call \(call.sequence) of it",
            "sent \(LocalTime.exact(call.sentAt)), took \(LocalTime.between(call.sentAt, call.endedAt))",
        ]
        if let prompt = call.promptTokens { lines.append("\(prompt) tokens read, \(call.completionTokens ?? 0) written") }
        if let reason = call.finishReason { lines.append("finish reason \(reason)") }
        if let error = call.errorMessage { lines.append("error: \(error)") }
        Terminal.write(lines.map(SafeText.line).joined(separator: "\n"))
        write("REQUEST", call.request, isCut: call.isRequestCut)
        write("RESPONSE", call.response, isCut: call.isResponseCut)
    }

    private func write(_ title: String, _ text: String?, isCut: Bool) {
        Terminal.write("\n\(title)\(isCut ? " (cut)" : "")\n\(text.map(SafeText.lines) ?? "not kept")")
    }
}
