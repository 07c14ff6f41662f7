import Base
import Client

/// The ranking of a task and its winner's text; every output's text where nothing was ranked.
struct ResultSummary {
    let state: TaskState

    var text: String {
        guard !state.outputs.isEmpty else { return "" }
        let ranked = ranking
        let texts = ranked.isEmpty ? state.outputs : Array(ranked.prefix(1))
        return ([table(ranked)] + texts.compactMap(body)).filter { !$0.isEmpty }.map { "\n" + $0 }.joined(separator: "\n")
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
        return SafeText.line("── \(output.track) ──") + "\n" + SafeText.lines(content)
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
