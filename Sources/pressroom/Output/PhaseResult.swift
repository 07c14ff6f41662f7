import Base
import Client

/// What a phase brought, without what only programs need.
struct PhaseResult {
    let phase: PhaseRecord

    /// Whether the phase works on drafts; what it brought is in the rows of `outputs`.
    var isEditorial: Bool { ["write", "edit", "evaluate", "select", "rank"].contains(phase.kind) }

    /// The output, or the part of it that people mean by it: an agent's text, a log's line.
    var value: JSON {
        let output = phase.output
        guard output.object != nil, output["items"]?.array == nil else { return output }
        let part: JSON? =
            switch phase.kind {
            case "agent": output["output"]
            case "log": output["message"]
            case "signal": output["data"]
            case "human": output["response"]
            case "workflow": output["winner"]?["content"] ?? output["output"]
            default: nil
            }
        return part ?? output
    }

    /// In one line: the error or the reason of a skip, or the output in short; `-` for none.
    func line(tracks: [String: String]) -> String {
        if let message = phase.errorMessage { return message }
        guard phase.status == "completed", !phase.output.isNull else { return "-" }
        guard isEditorial else { return phase.kind == "human" ? answer : ValueText.line(value) }
        let drafts = (phase.output["output_ids"] ?? phase.output["outputs"])?.array ?? []
        let count = "\(drafts.count) \(drafts.count == 1 ? "draft" : "drafts")"
        let best = phase.output["ranking"]?.array?.first?["output_id"]?.string
        return best.map { "\(count), the best: \(tracks[$0] ?? $0)" } ?? count
    }

    private var answer: String {
        let by = phase.output["completed_by"]?.string.map { " (\($0))" } ?? ""
        return DisplayWidth.prefix(ValueText.answer(value), 60) + by
    }
}
