import Base
import Workflow

/// A draft as the interpreter knows it.
struct NaiveDraft {
    let origin: String
    let track: String
    let writer: RandomGraph.Writer
    var texts = 0
    var cycles = 0
    var isFailed = false
    /// An editor sent it back for the last time.
    var isGivenUp = false
    var edits: Set<String> = []
    var isFinalist = false
    var initialRank: Int?
    var finalRank: Int?
}

/// Editorial phases. Those of one chain come one after the other, whatever overlaps in truth.
extension NaiveInterpreter {
    mutating func runEditorial(_ phase: RandomGraph.Phase) -> End {
        let entrants = entrants(of: phase)
        switch phase.work {
        case .write(let writers): return write(phase, writers)
        case .edit(let editors, let fate, let rejects, let maxCycles):
            for index in entrants where !drafts[index].isGivenUp {
                edit(phase, index, editors: editors, fate, rejects: rejects, maxCycles: maxCycles)
            }
            return end(with: entrants.filter { !drafts[$0].isFailed }, orElse: "no_drafts")
        case .evaluate(let judges, let stage):
            let sheets = entrants.map { [$0] }
            return judge(phase, judges, stage, entrants, sheets: sheets, orElse: "no_verdicts")
        case .select(let top):
            let sorted = entrants.sorted { (drafts[$0].initialRank ?? .max, $0) < (drafts[$1].initialRank ?? .max, $1) }
            let chosen = Array(sorted.prefix(top))
            for index in entrants { drafts[index].isFinalist = chosen.contains(index) }
            return end(with: chosen, orElse: "no_drafts")
        case .rank(let judges, let stage, _, let asksPairs):
            var sheets = entrants.isEmpty ? [] : [entrants]
            if asksPairs, entrants.count > 1 {
                sheets = entrants.indices.flatMap { first in entrants[(first + 1)...].map { [entrants[first], $0] } }
            }
            return judge(phase, judges, stage, entrants, sheets: sheets, orElse: "no_ballots")
        default: return failure("never")
        }
    }

    /// Which drafts a phase works on: those that live, and after a choice those that were chosen.
    private func entrants(of phase: RandomGraph.Phase) -> [Int] {
        let before = graph.ancestors(of: phase.id)
        let isChosen = graph.phases.contains { other in
            guard case .select = other.work, before.contains(other.id), let end = ends[other.id] else { return false }
            return end.status != "skipped" || end.code == "upstream_failed"
        }
        return drafts.indices.filter { index in
            before.contains(drafts[index].origin) && !drafts[index].isFailed && (!isChosen || drafts[index].isFinalist)
        }
    }

    private mutating func write(_ phase: RandomGraph.Phase, _ writers: [RandomGraph.Writer]) -> End {
        var written: [Int] = []
        for writer in writers {
            let isTaken = drafts.contains { $0.track == writer.slug }
            var draft = NaiveDraft(origin: phase.id, track: isTaken ? "\(phase.id).\(writer.slug)" : writer.slug, writer: writer)
            if isDone(phase, writer.slug, writer.fate) {
                draft.texts = 1
                written.append(drafts.count)
            } else {
                draft.isFailed = true
            }
            drafts.append(draft)
        }
        return end(with: written, orElse: "no_drafts")
    }

    private mutating func edit(
        _ phase: RandomGraph.Phase, _ index: Int, editors: Int, _ fate: Fate, rejects: Int, maxCycles: Int
    ) {
        for cycle in 1...maxCycles {
            let texts = drafts[index].texts
            guard isDone(phase, "\(drafts[index].track) edit \(cycle)", fate) else { return drafts[index].isFailed = true }
            drafts[index].cycles += 1
            if texts > rejects { break }
            if cycle == maxCycles {
                drafts[index].isGivenUp = true
                break
            }
            guard isDone(phase, "\(drafts[index].track) rewrite \(cycle)", drafts[index].writer.fate) else {
                return drafts[index].isFailed = true
            }
            drafts[index].texts += 1
        }
        drafts[index].edits.insert(phase.id)
    }

    /// All judges have one opinion; who fails is left out.
    private mutating func judge(
        _ phase: RandomGraph.Phase, _ judges: [Fate], _ stage: Stage, _ entrants: [Int], sheets: [[Int]], orElse code: String
    ) -> End {
        var (verdicts, failed) = (0, 0)
        for (number, fate) in judges.enumerated() {
            for sheet in sheets {
                if isDone(phase, "\(number) \(sheet.map { drafts[$0].track })", fate) { verdicts += sheet.count } else { failed += sheet.count }
            }
        }
        let order = entrants.sorted { drafts[$0].writer.score > drafts[$1].writer.score }
        if verdicts > 0 {
            for (place, index) in order.enumerated() {
                if stage == .initial { drafts[index].initialRank = place + 1 } else { drafts[index].finalRank = place + 1 }
            }
        }
        var end = end(with: verdicts > 0 ? order : [], orElse: code)
        if verdicts > 0 { end.output?["ranking"] = .array(order.indices.map { ["rank": .integer(Int64($0 + 1))] }) }
        (end.verdicts, end.failedVerdicts) = (verdicts, failed)
        return end
    }

    private func end(with indices: [Int], orElse code: String) -> End {
        if indices.isEmpty { return failure(code) }
        return End(status: "completed", output: ["outputs": .array(indices.map { ["track": .string(drafts[$0].track)] })])
    }

    func status(of draft: NaiveDraft) -> String {
        if draft.isFailed { return "failed" }
        if draft.isGivenUp { return "max_cycles_reached" }
        let waits = graph.phases.contains { phase in
            guard case .edit = phase.work, graph.ancestors(of: phase.id).contains(draft.origin), let end = ends[phase.id],
                !draft.edits.contains(phase.id)
            else { return false }
            let isOver = end.status == "skipped" && end.code != "upstream_failed" || end.status == "failed" && phase.mayFail
            return !isOver
        }
        return waits ? "pending_edit" : "approved"
    }
}
