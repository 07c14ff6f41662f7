import Foundation
import Store
import Workflow

extension RankKind {
    /// Makes one order of the completed evaluations, puts totals and ranks on the outputs, writes the ranking, and answers
    /// the phase's output.
    func count(
        _ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, _ evaluations: [EvaluationRow]
    ) -> JSON {
        // Also those that every judge was kept from.
        let judged = Set(evaluations.map(\.outputID)).union(phase.excludesOwn ? engine.entrants(of: definition).map(\.id) : [])
        let candidates = engine.graph.outputs.filter { judged.contains($0.id) }
        let initialScores = candidates.reduce(into: [UUID: Double]()) { $0[$1.id] = $1.initialAvgScore }
        let outcome = outcome(evaluations.filter { $0.status == .completed }, candidates.map(\.id), initialScores)
        for entry in outcome.entries {
            engine.graph.updateOutput(entry.outputID) { row in
                switch phase.stage {
                case .initial:
                    row.initialAvgScore = entry.avgScore
                    row.initialRank = entry.rank
                case .final:
                    row.finalTotalScore = entry.totalScore
                    row.finalRank = entry.rank
                }
            }
        }
        let entries = JSON.array(outcome.entries.map(\.json))
        engine.graph.newRankings.append(
            RankingRow(
                phaseID: phaseID, stage: phase.stage, method: phase.method.rawValue, entries: entries,
                agreement: outcome.agreement, evaluationsCounted: evaluations.count { $0.status == .completed },
                evaluationsFailed: evaluations.count { $0.status == .failed }))
        let ordered = outcome.entries.compactMap { engine.graph.output($0.outputID) }
        var output: [String: JSON] = [
            "outputs": .array(ordered.map(OutputSummary.json)), "ranking": entries,
            "agreement": outcome.agreement.map(JSON.number) ?? .null,
        ]
        if let fit = outcome.fit { output["fit"] = fit.json }
        return .object(output)
    }

    private func outcome(
        _ completed: [EvaluationRow], _ candidates: [UUID], _ initialScores: [UUID: Double]
    ) -> RankingOutcome {
        let sheets = Dictionary(grouping: completed, by: \.stepID).values
        func judge(_ sheet: [EvaluationRow]) -> String { sheet[0].evaluator["slug"]?.string ?? "" }
        let ballots = sheets.map { sheet in
            let order = sheet.sorted { ($0.rank ?? .max) < ($1.rank ?? .max) }.map(\.outputID)
            return Ballot(judge: judge(sheet), order: order, candidates: Set(order))
        }
        switch phase.method {
        case .ballots:
            return PointsBallot.aggregate(
                ballots: ballots, candidates: candidates, points: phase.points, initialScores: initialScores)
        case .borda:
            return BordaCount.aggregate(ballots: ballots, candidates: candidates, initialScores: initialScores)
        case .bradleyTerry:
            return ComparisonCount.aggregate(ballots: ballots, candidates: candidates, initialScores: initialScores)
        case .mean:
            let scores = sheets.map { sheet in
                ScoreSheet(
                    judge: judge(sheet), scores: sheet.reduce(into: [:]) { $0[$1.outputID] = $1.score })
            }
            return ScoreSheets.aggregate(sheets: scores, candidates: candidates, initialScores: initialScores)
        }
    }
}
