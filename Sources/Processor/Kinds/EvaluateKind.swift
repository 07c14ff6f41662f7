import Base
import Foundation
import Store
import Workflow

/// Each judge scores each draft by itself, as soon as the draft is ready. At the end, drafts are ordered by their mean
/// score over the completed evaluations; failed ones are left out and counted.
struct EvaluateKind: PhaseBehavior {
    let phase: EvaluatePhase

    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        let judged = Set(engine.graph.evaluations.filter { $0.phaseID == phaseID }.map(\.outputID))
        for output in engine.entrants(of: definition) where !judged.contains(output.id) {
            for slug in phase.agents {
                guard let agent = engine.agent(slug) else { continue }
                if phase.excludesOwn, engine.isOwn(output, of: agent) { continue }
                let stepID = engine.addStep(.evaluate, to: phaseID, definition, agent: slug, outputID: output.id)
                engine.graph.evaluations.append(
                    EvaluationRow(
                        phaseID: phaseID, stepID: stepID, outputID: output.id, stage: phase.stage, evaluator: agent.json))
            }
        }
    }

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard engine.isFed(definition), !engine.hasOpenSteps(phaseID) else { return nil }
        let evaluations = engine.graph.evaluations.filter { $0.phaseID == phaseID }
        guard evaluations.contains(where: { $0.status == .completed }) else {
            let reason = evaluations.isEmpty ? "There was nothing for the judges to score." : "No judge gave a readable verdict."
            return .failed(engine.firstFailure(in: phaseID, code: "no_verdicts", reason))
        }
        return .completed(rank(&engine, phaseID, definition, evaluations))
    }

    /// Orders the outputs by their mean scores. Returns the phase's output.
    private func rank(
        _ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, _ evaluations: [EvaluationRow]
    ) -> JSON {
        let outputs = engine.judgedOutputs(evaluations, definition, excludesOwn: phase.excludesOwn).map(\.id)
        let scores = evaluations.map { evaluation in
            EvaluationAggregate.Score(
                outputID: evaluation.outputID, judge: evaluation.evaluator["slug"]?.string ?? "",
                score: evaluation.status == .completed ? evaluation.score : nil)
        }
        let standings = EvaluationAggregate.rank(outputs: outputs, scores: scores)
        let entries = standings.map { standing -> JSON in
            [
                "output_id": .string(standing.outputID.text), "rank": .integer(Int64(standing.rank)),
                "total_score": .null, "avg_score": standing.meanScore.map(JSON.number) ?? .null, "first_places": .null,
            ]
        }
        let ranking = RankingRow(
            phaseID: phaseID, stage: phase.stage, method: "mean", entries: .array(entries),
            agreement: EvaluationAggregate.agreement(outputs: outputs, scores: scores),
            evaluationsCounted: standings.map(\.completed).reduce(0, +),
            evaluationsFailed: standings.map(\.failed).reduce(0, +))
        return engine.rank(standings.map { ($0.outputID, $0.rank, $0.meanScore) }, ranking)
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        guard case .verdict(let verdict, let usage) = result else { return supersededNote }
        let score = WeightedScore.mean(of: verdict.criteriaScores, criteria: phase.criteria)
        engine.graph.updateEvaluations(of: step.id) { row in
            guard row.status == .processing else { return }
            row.status = .completed
            row.score = score
            row.weightedScore = score.map { WeightedScore.normalized($0, scale: phase.scale) }
            row.criteriaScores = Verdict.json(verdict.criteriaScores, criteria: phase.criteria)
            row.reasoning = verdict.reasoning
            row.usage = usage.json
            row.error = nil
        }
        return ["score": score.map(JSON.number) ?? .null, "usage": usage.json]
    }

    func run(_ run: StepRun) async throws(ProviderError) -> StepResult {
        let draft = try run.draft().promptDraft
        let prompt =
            run.ownPrompt(phase.prompt, draft.notice, EvaluatePrompt.answer(criteria: phase.criteria, scale: phase.scale))
            ?? EvaluatePrompt.text(
                draft: draft, assignment: run.assignment(), criteria: phase.criteria, scale: phase.scale)
        let response = try await run.complete(
            prompt: prompt,
            schema: VerdictSchema.response(criteria: phase.criteria, scale: phase.scale), shows: .reasoning)
        return .verdict(
            try Verdict.parse(response.text, criteria: phase.criteria, scale: phase.scale), usage: response.usage)
    }
}
