import Base
import Client

/// What a task brought: the ranking and its winner's text, or every draft's where nothing was ranked; drafts and verdicts
/// that failed; the output of the last phase where that is not the drafts.
struct ResultSummary {
    let state: TaskState

    var text: String {
        let ranked = ranking
        let texts = ranked.isEmpty ? state.outputs : Array(ranked.prefix(1))
        let drafts = state.outputs.isEmpty ? [] : [table(ranked), unranked(ranked), failedVerdicts] + texts.compactMap(body)
        return (drafts + [lastOutput]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// The value that the task brought; nil where it has none, or is not completed. A draft is its text.
    var value: JSON? {
        guard state.task.status == "completed" else { return nil }
        let usable = state.outputs.filter { $0.status != "failed" && $0.content != nil }
        let best =
            usable.first { $0.finalRank == 1 } ?? usable.first { $0.initialRank == 1 } ?? (usable.count == 1 ? usable[0] : nil)
        let last = lastPhase
        if let text = best?.content, last.map(tellsOfDrafts) ?? true { return .string(text) }
        return last.map { PhaseResult(phase: $0).value }.flatMap { $0.isNull ? nil : $0 }
    }

    private var lastPhase: PhaseRecord? { state.phases.last { $0.status == "completed" } }

    /// Whether the drafts, rather than the phase's own output, are what the task brought.
    private func tellsOfDrafts(_ phase: PhaseRecord) -> Bool {
        PhaseResult(phase: phase).isEditorial || ["human", "signal", "delay", "branch", "log"].contains(phase.kind)
    }

    private var lastOutput: String {
        guard state.task.status == "completed", let last = lastPhase else { return "" }
        let value = PhaseResult(phase: last).value
        let isTold = !state.outputs.isEmpty && tellsOfDrafts(last)
        guard !isTold, !value.isNull, !["delay", "branch"].contains(last.kind) else { return "" }
        return SafeText.line("── result: \(last.key) ──") + "\n" + ValueText.lines(value)
    }

    /// Drafts that the ranking does not have, and why.
    private func unranked(_ ranked: [OutputRecord]) -> String {
        guard !ranked.isEmpty else { return "" }
        let others = state.outputs.filter { output in !ranked.contains { $0.id == output.id } }
        guard !others.isEmpty else { return "" }
        let lines = others.map { output in
            let rank = output.initialRank.map { ", initial rank \($0)" } ?? ""
            return SafeText.line("\(output.track): \(output.status)\(rank)\(output.errorMessage.map { ": \($0)" } ?? "")")
        }
        return "not in the ranking:\n" + lines.map { TextWrap.terminal($0, after: "  ") }.joined(separator: "\n")
    }

    /// What could not be read is not counted, and said.
    private var failedVerdicts: String {
        let failed = state.evaluations.filter { $0.status == "failed" }
        guard !failed.isEmpty else { return "" }
        let tracks = Dictionary(state.outputs.map { ($0.id, $0.track) }) { _, last in last }
        let lines = failed.map { verdict in
            SafeText.line(
                "\(verdict.stage), \(verdict.evaluator) on \(tracks[verdict.outputID] ?? verdict.outputID): "
                    + (verdict.errorMessage ?? "no reason given"))
        }
        let count = failed.count == 1 ? "1 verdict failed and is not counted:" : "\(failed.count) verdicts failed and are not counted:"
        return count + "\n" + lines.map { TextWrap.terminal($0, after: "  ") }.joined(separator: "\n")
    }

    /// The last ranking, the final one if there is one; the best first.
    private var latest: RankingRecord? {
        state.rankings.last { $0.stage == "final" } ?? state.rankings.last
    }

    private var ranking: [OutputRecord] {
        let outputs = Dictionary(state.outputs.map { ($0.id, $0) }) { _, last in last }
        return (latest?.entries ?? []).sorted { $0.rank < $1.rank }.compactMap { outputs[$0.outputID] }
    }

    private func table(_ ranked: [OutputRecord]) -> String {
        guard let latest, !ranked.isEmpty else {
            var table = TextTable("TRACK", "STATUS", "VERSION", "ERROR")
            for output in state.outputs {
                table.add(output.track, output.status, "\(output.versionNumber)", output.errorMessage ?? "-")
            }
            return table.text
        }
        var table = TextTable("RANK", "TRACK", "TOTAL", "AVERAGE", "FIRST PLACES")
        let tracks = Dictionary(state.outputs.map { ($0.id, $0.track) }) { _, last in last }
        for entry in latest.entries.sorted(by: { $0.rank < $1.rank }) {
            table.add(
                "\(entry.rank)", tracks[entry.outputID] ?? entry.outputID, Self.number(entry.totalScore),
                Self.number(entry.averageScore), "\(entry.firstPlaces)")
        }
        return table.text + (latest.agreement.map { "\nagreement of the judges: \(Self.number($0))" } ?? "")
    }

    private func body(_ output: OutputRecord) -> String? {
        guard let content = output.content, !content.isEmpty else { return nil }
        return SafeText.line("── \(output.track) ──") + "\n" + TextWrap.terminal(SafeText.lines(content))
    }

    /// At most two digits after the point; `-` for none.
    static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "-" }
        let hundredths = (value * 100).rounded()
        guard hundredths.magnitude < 1e15 else { return "\(value)" }
        let cents = Int(hundredths)
        let fraction = String(cents.magnitude % 100 + 100).dropFirst()
        return (cents < 0 ? "-" : "") + "\(cents.magnitude / 100)" + (fraction == "00" ? "" : ".\(fraction)")
    }
}
