import Store
import Workflow

/// How an output stands in a phase's output and in prompts.
enum OutputSummary {
    static func json(_ output: OutputRow) -> JSON {
        [
            "output_id": .string(output.id.text), "track": .string(output.track), "status": .string(output.status.rawValue),
            "writer": output.writer["slug"] ?? .null, "content": output.content.map(JSON.string) ?? .null,
            "version_number": .integer(Int64(output.versionNumber)),
        ]
    }
}

/// Sums tokens and costs over the calls that went into a row.
enum UsageSum {
    static func adding(_ usage: Usage, to sum: JSON) -> JSON {
        (usage + Usage(json: sum)).json
    }
}
