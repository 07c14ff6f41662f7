import ArgumentParser
import Foundation
import Workflow

/// What a schedule has; the service checks it.
struct ScheduleOptions: ParsableArguments {
    @Option(help: "The workflow's name.")
    var workflow: String?

    @Option(help: "The workflow's version (default: the latest active one at each firing).")
    var version: String?

    @Option(help: "Five fields, or @hourly, @daily, @weekly, @monthly or @yearly.")
    var cron: String?

    @Option(help: "A name of the IANA database, such as Europe/Berlin (default: UTC).")
    var timezone: String?

    @Option(help: "What becomes of missed times: run_once or skip (default: run_once).")
    var misfire: String?

    @OptionGroup var input: TaskInput

    @Option(help: "-1000…1000; higher goes first.")
    var priority: Int?

    @Option(help: "The conversation that its tasks belong to.")
    var conversationID: String?

    @Flag(help: "Fire nothing before it is resumed.")
    var paused = false

    /// The request's body: what the file says, where there is one, and the options over it.
    func json(over file: String?) throws -> JSON {
        var body = try file.map(Self.read) ?? [:]
        for (key, value) in [
            ("workflow", workflow), ("version", version), ("cron", cron), ("timezone", timezone), ("misfire", misfire),
        ] {
            if let value { body[key] = .string(value) }
        }
        if input.isGiven { body["input"] = try input.json(over: body["input"] ?? [:]) }
        if let priority { body["priority"] = .integer(Int64(priority)) }
        if let conversationID {
            var context = body["context"] ?? [:]
            context["conversation_id"] = .string(conversationID)
            body["context"] = context
        }
        if paused { body["enabled"] = false }
        return body
    }

    private static func read(_ path: String) throws -> JSON {
        let source = try DefinitionFile(path: path)
        let body: JSON
        do {
            body = try JSON(parsing: source.text, format: source.format)
        } catch {
            throw CommandFailure("\(path): \(SafeText.lines(error.description))")
        }
        guard body.object != nil else { throw CommandFailure("\(path) must hold an object with a schedule's keys") }
        return body
    }
}
