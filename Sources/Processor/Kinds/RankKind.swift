import Base
import Foundation
import Store
import Workflow

/// Judges order the finalists, or score them beside each other; the phase's method makes one order of their ballots.
///
/// Each judge gets all finalists on one sheet, or, where `bradley_terry` asks by pairs, a sheet for every two of them. The
/// order in which a judge sees them is random, seeded by task and phase, and kept in the step.
struct RankKind: PhaseBehavior {
    let phase: RankPhase

    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        guard engine.graph.steps(of: phaseID).isEmpty else { return }
        let finalists = engine.entrants(of: definition)
        for (number, slug) in phase.agents.enumerated() {
            guard let agent = engine.agent(slug) else { continue }
            let own = Set(finalists.filter { phase.excludesOwn && engine.isOwn($0, of: agent) }.map(\.id))
            for sheet in sheets(finalists.map(\.id), without: own, task: engine.graph.task.taskID, definition.id, judge: number) {
                let stepID = engine.addStep(
                    .rank, to: phaseID, definition, agent: slug,
                    input: ["candidates": .array(sheet.map { .string($0.text) })])
                for finalist in finalists where sheet.contains(finalist.id) {
                    engine.graph.evaluations.append(
                        EvaluationRow(
                            phaseID: phaseID, stepID: stepID, outputID: finalist.id, stage: phase.stage, evaluator: agent.json))
                }
            }
        }
    }

    /// The sheets of one judge. One with nothing to compare is left out, unless there is only one finalist.
    private func sheets(
        _ finalists: [UUID], without own: Set<UUID>, task: UUID, _ phaseKey: String, judge number: Int
    ) -> [[UUID]] {
        let asksPairs = phase.method == .bradleyTerry && phase.comparisons == .pairs && finalists.count > 1
        let whole =
            asksPairs
            ? BallotOrder.pairs(finalists, task: task, phase: phaseKey, judge: number)
            : [BallotOrder.balanced(finalists, task: task, phase: phaseKey, judge: number)]
        let minSize = phase.method == .mean || finalists.count == 1 ? 1 : 2
        return whole.map { sheet in sheet.filter { !own.contains($0) } }.filter { $0.count >= minSize }
    }

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard !engine.hasOpenSteps(phaseID) else { return nil }
        let evaluations = engine.graph.evaluations.filter { $0.phaseID == phaseID }
        guard evaluations.contains(where: { $0.status == .completed }) else {
            let reason = evaluations.isEmpty ? "There was nothing for the judges to compare." : "No judge gave a readable ballot."
            return .failed(engine.firstFailure(in: phaseID, code: "no_ballots", reason))
        }
        return .completed(count(&engine, phaseID, definition, evaluations))
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        switch result {
        case .ballot(let order, let reasoning, let usage):
            complete(&engine, step, reasoning, usage) { row in
                guard let index = order.firstIndex(of: row.outputID) else { return false }
                row.rank = index + 1
                row.weightedScore = phase.weight(ofRank: index + 1, of: order.count)
                return true
            }
            return ["ranking": .array(order.map { .string($0.text) }), "usage": usage.json]
        case .scores(let criteriaScores, let reasoning, let usage):
            let scores = criteriaScores.compactMapValues { WeightedScore.mean(of: $0, criteria: phase.criteria) }
            complete(&engine, step, reasoning, usage) { row in
                guard let score = scores[row.outputID] else { return false }
                row.score = score
                row.criteriaScores = criteriaScores[row.outputID].map { Verdict.json($0, criteria: phase.criteria) }
                row.rank = 1 + scores.values.count { $0 > score }
                row.weightedScore = WeightedScore.normalized(score, scale: phase.scale)
                return true
            }
            return [
                "scores": .object(JSONObject(scores.reduce(into: [String: JSON]()) { $0[$1.key.text] = .number($1.value) })), "usage": usage.json,
            ]
        default:
            return supersededNote
        }
    }

    /// The sheet is one call. The first of its evaluations has the tokens, so that sums over rows are right.
    private func complete(
        _ engine: inout TaskEngine, _ step: StepRow, _ reasoning: String?, _ usage: Usage,
        _ change: (inout EvaluationRow) -> Bool
    ) {
        var spent = usage.json
        engine.graph.updateEvaluations(of: step.id) { row in
            guard row.status == .processing, change(&row) else { return }
            row.status = .completed
            row.reasoning = reasoning
            row.usage = spent
            row.error = nil
            spent = [:]
        }
    }

    func run(_ run: StepRun) async throws(ProviderError) -> StepResult {
        let order = run.step.input["candidates"]?.array?.compactMap { $0.string.flatMap(UUID.init(text:)) } ?? []
        let drafts = order.compactMap { id in run.material.outputs.first { $0.id == id } }.filter { $0.content != nil }
        let texts = drafts.map(\.promptDraft)
        guard texts.count == order.count else { throw ProviderError(code: .invalidRequest, message: "A finalist is gone.") }
        if phase.method == .mean { return try await score(run, order, texts) }
        let answer = RankPrompt.answer(count: texts.count)
        let prompt = ownPrompt(run, texts, answer) ?? RankPrompt.text(texts: texts, assignment: run.assignment())
        let response = try await run.complete(
            prompt: prompt, schema: BallotSchema.response(count: texts.count), shows: .reasoning)
        let (ballot, reasoning) = try BallotSchema.parse(response.text, candidates: order, judge: run.step.agent ?? "")
        return .ballot(ballot.order, reasoning: reasoning, usage: response.usage)
    }

    private func score(_ run: StepRun, _ order: [UUID], _ texts: [PromptDraft]) async throws(ProviderError) -> StepResult {
        let answer = RankPrompt.answer(count: texts.count, criteria: phase.criteria, scale: phase.scale)
        let prompt =
            ownPrompt(run, texts, answer)
            ?? RankPrompt.text(
                texts: texts, assignment: run.assignment(), criteria: phase.criteria, scale: phase.scale)
        let schema = ScoreSheetSchema.response(count: texts.count, criteria: phase.criteria, scale: phase.scale)
        let response = try await run.complete(prompt: prompt, schema: schema, shows: .reasoning)
        let (scores, reasoning) = try ScoreSheetSchema.parse(
            response.text, candidates: order, criteria: phase.criteria, scale: phase.scale)
        return .scores(scores, reasoning: reasoning, usage: response.usage)
    }

    /// The phase's own prompt, with the candidates and how to answer.
    private func ownPrompt(_ run: StepRun, _ texts: [PromptDraft], _ answer: String) -> String? {
        run.ownPrompt(phase.prompt, RankPrompt.candidates(texts), answer)
    }
}

extension RankPhase {
    /// The `evaluations.weighted_score` of a rank (from 1) on one sheet: the points it earns there, or how many
    /// comparisons it won.
    fileprivate func weight(ofRank rank: Int, of size: Int) -> Double {
        switch method {
        case .ballots: rank <= points.count ? points[rank - 1] : 0
        case .borda, .bradleyTerry, .mean: Double(size - rank)
        }
    }
}

extension RankKind {
    /// Makes one order of the completed evaluations. Returns the phase's output.
    private func count(
        _ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, _ evaluations: [EvaluationRow]
    ) -> JSON {
        let candidates = engine.judgedOutputs(evaluations, definition, excludesOwn: phase.excludesOwn)
        let initialScores = candidates.reduce(into: [UUID: Double]()) { $0[$1.id] = $1.initialAvgScore }
        let outcome = outcome(evaluations.filter { $0.status == .completed }, candidates.map(\.id), initialScores)
        let ranking = RankingRow(
            phaseID: phaseID, stage: phase.stage, method: phase.method.rawValue,
            entries: .array(outcome.entries.map(\.json)), agreement: outcome.agreement,
            evaluationsCounted: evaluations.count { $0.status == .completed },
            evaluationsFailed: evaluations.count { $0.status == .failed })
        var output = engine.rank(
            outcome.entries.map { ($0.outputID, $0.rank, phase.stage == .initial ? $0.avgScore : $0.totalScore) }, ranking)
        if let fit = outcome.fit { output["fit"] = fit.json }
        return output
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

/// The order that judges made: for `evaluate` and `rank`.
extension TaskEngine {
    /// The outputs that a phase ranks, in the order of their creation.
    func judgedOutputs(_ evaluations: [EvaluationRow], _ definition: PhaseDefinition, excludesOwn: Bool) -> [OutputRow] {
        // Also those that `exclude_own` keeps from every judge.
        let judged = Set(evaluations.map(\.outputID)).union(excludesOwn ? entrants(of: definition).map(\.id) : [])
        return graph.outputs.filter { judged.contains($0.id) }
    }

    /// Puts scores and ranks on the outputs and writes the ranking. Returns the phase's output.
    ///
    /// - Parameter standings: the best first; the score is what the ranking's stage shows on an output.
    mutating func rank(_ standings: [(outputID: UUID, rank: Int, score: Double?)], _ ranking: RankingRow) -> JSON {
        for standing in standings {
            graph.updateOutput(standing.outputID) { row in
                switch ranking.stage {
                case .initial:
                    row.initialAvgScore = standing.score
                    row.initialRank = standing.rank
                case .final:
                    row.finalTotalScore = standing.score
                    row.finalRank = standing.rank
                }
            }
        }
        graph.newRankings.append(ranking)
        return [
            "output_ids": standings.compactMap { graph.output($0.outputID) }.named, "ranking": ranking.entries,
            "agreement": ranking.agreement.map(JSON.number) ?? .null,
        ]
    }
}
