import Base
import Workflow

/// How an output stood when the kept phases were done with it.
extension TaskFork {
    func rewound(_ output: JSON) -> JSON {
        guard let id = output["id"]?.string else { return output }
        var row = judged(output, id)
        guard hasLaterWork(on: id) else { return row }
        let steps = keptSteps.filter { $0["output_id"]?.string == id }
        let versions = keptVersions.filter { $0["output_id"]?.string == id }
        guard let text = versions.max(by: { ($0["version_number"]?.int ?? 0) < ($1["version_number"]?.int ?? 0) }) else {
            return row
        }
        let edits = steps.filter { $0["kind"] == "edit" && $0["status"] == "completed" }
        let last = edits.max { ($0["sequence"]?.int ?? 0) < ($1["sequence"]?.int ?? 0) }?["output"]
        row["content"] = text["content"]
        row["version_number"] = text["version_number"]
        row["edit_cycle"] = .integer(Int64(edits.count))
        if last == nil { row["editor"] = .null }
        row["editor_feedback"] = last?["feedback"] ?? .null
        row["editor_approved"] = last?["approved"] ?? .null
        row["usage"] = sum(versions.map { $0["usage"] ?? [:] } + edits.map { $0["output"]?["usage"] ?? [:] })
        row["error"] = .null
        let isGivenUp = last?["done"] == true && last?["approved"] == false
        row["status"] = isGivenUp ? "max_cycles_reached" : "pending_edit"
        return row
    }

    /// Whether a phase that runs again had its hands on the output.
    private func hasLaterWork(on id: String) -> Bool {
        let ids = keptPhaseIDs
        return list("steps").contains { step in
            step["output_id"]?.string == id && !ids.contains(step["phase_id"]?.string ?? "")
                && ["edit", "rewrite"].contains(step["kind"]?.string)
        } || (output(id)?["status"]?.string).map { !Self.settled.contains($0) } ?? false
    }

    private static let settled: Set<String> = ["approved", "max_cycles_reached", "failed"]

    private func output(_ id: String) -> JSON? {
        list("outputs").first { $0["id"]?.string == id }
    }

    /// With the marks of the kept judges only: of each stage those of the last ranking, and of the last selection.
    private func judged(_ output: JSON, _ id: String) -> JSON {
        var row = output
        for (stage, score, rank) in [
            ("initial", "initial_avg_score", "initial_rank"), ("final", "final_total_score", "final_rank"),
        ] {
            let entry = keptRankings.filter { $0["stage"]?.string == stage }.reversed().lazy
                .compactMap { $0["entries"]?.array?.first { $0["output_id"]?.string == id } }.first
            let total = entry?["total_score"].flatMap { $0.isNull ? nil : $0 }
            row[score] = (stage == "final" ? total : nil) ?? entry?["avg_score"] ?? .null
            row[rank] = entry?["rank"] ?? .null
        }
        let selections = list("phases").filter { $0["kind"] == "select" && kept.contains($0["key"]?.string ?? "") }
        row["is_finalist"] = .bool(
            selections.contains { $0["output"]?["outputs"]?.array?.contains { $0["output_id"]?.string == id } ?? false })
        return row
    }

    private func sum(_ usages: [JSON]) -> JSON {
        usages.map(Usage.init(json:)).reduce(.zero, +).json
    }
}
